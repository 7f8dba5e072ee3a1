"""How results are printed: words for people, or one JSON object on standard output."""

from __future__ import annotations

import json as jsonlib
import shlex
import sys
from typing import TYPE_CHECKING, Any

from drywet.cli import scores
from drywet.cli.knobs import option_of
from drywet.words import count, number, positions

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

    from drywet.training.fit_result import FitResult
    from drywet.verbs.check import CheckReport
    from drywet.verbs.demo import Demo
    from drywet.verbs.devices import DeviceInfo
    from drywet.verbs.doctor import Diagnosis
    from drywet.verbs.evaluate import Evaluation
    from drywet.verbs.export import Exported
    from drywet.verbs.plan import Plan
    from drywet.verbs.process import Processed
    from drywet.verbs.rank import Ranking
    from drywet.verbs.render import Rendered
    from drywet.verbs.report import Reported
    from drywet.verbs.scored_run import Run
    from drywet.verbs.signal import WrittenSignal
    from drywet.verbs.train_seeds import Seeds

_MARKS = {"note": " ", "warning": "!", "error": "x"}


def _object(value: BaseModel) -> None:
    print(value.model_dump_json(indent=2))


def step(text: str) -> None:
    """Say what happens next, on standard error."""
    print(text, file=sys.stderr, flush=True)


def findings(report: CheckReport) -> list[str]:
    """What the checks found, in lines."""
    lines = []
    for finding in report.findings:
        lines.append(f"{_MARKS[finding.severity]} {finding.check:<11} {finding.message}")
        if finding.fix:
            lines.append(f"{'':14}-> {finding.fix}")
    return lines


def signal(written: WrittenSignal, json: bool) -> None:
    """Print what ``signal`` wrote."""
    if json:
        _object(written)
        return
    print(f"{written.path}: {written.seconds:.0f} s at {written.rate} Hz")
    print("Play it through the device, record what comes out from start to end, then:")
    print(f"  drywet check {shlex.quote(written.path)} WET")


def check(report: CheckReport, json: bool) -> None:
    """Print the findings of ``check``."""
    if json:
        _object(report)
        return
    print("\n".join(findings(report)))
    severities = [finding.severity.value for finding in report.findings]
    errors, warnings = severities.count("error"), severities.count("warning")
    verdict = "fit for training" if report.ok else "not fit for training"
    print(f"{verdict}: {count(errors, 'error')}, {count(warnings, 'warning')}")


def devices(found: list[DeviceInfo], in_full: bool, json: bool) -> None:
    """Print the built-in devices in a line each, or one in full: its knobs first."""
    if json:
        print(jsonlib.dumps([device.model_dump() for device in found], indent=2))
        return
    for device in found:
        title, *about = device.about.splitlines()
        print(f"{device.name:<10} {title}")
        if not in_full:
            print(f"{'':<10} {' '.join(f'--{name}' for name in device.knobs)}")
            continue
        for name, knob in device.knobs.items():
            print(f"  --{name} {knob.default:g}, {knob.least:g} to {knob.most:g}: {knob.text}")
        print("\n".join(["", *about, "", device.netlist]))
    if in_full:
        print(f"drywet process {found[0].name} IN.wav OUT.wav")
    else:
        print("drywet devices NAME says all about one; drywet process NAME IN.wav OUT.wav plays it")
        print(f"the netlists: {_folder_of(found)}")


def _folder_of(found: list[DeviceInfo]) -> Path:
    from pathlib import Path

    return Path(found[0].netlist).parent


def processed(result: Processed, json: bool) -> None:
    """Print what ``process`` wrote."""
    if json:
        _object(result)
        return
    knobs = positions(result.knobs)
    peak = "silent" if result.peak_dbfs is None else f"peak {result.peak_dbfs:.1f} dBFS"
    print(
        f"{result.path}: {result.device}" + (f" ({knobs})" if knobs else "")
        + f", {result.seconds:.1f} s at {result.rate} Hz, {peak}"
    )  # fmt: skip


def plan(found: Plan, json: bool) -> None:
    """Print the positions of ``plan``."""
    if json:
        _object(found)
        return
    for place, knobs in enumerate(found.positions, 1):
        print(f"{place:>3}  " + "  ".join(f"{name} {at:g}" for name, at in knobs.items()))
    if found.because is not None:
        print(f"Record this position next: {found.because}.")
        print("Add it to the captures and train on all of them again.")
        return
    if found.captures_yaml is not None:
        print("Record the same performance at each, with nothing else changed, as")
        print("  captures/wet-1.wav and so on, beside captures/dry.wav and captures/captures.yaml:")
        print(found.captures_yaml)
        print("then:")
        print("  drywet train --captures captures")
        return
    print("Record the same performance at each, with nothing else changed, as")
    first = "_".join(f"{name}{at:g}" for name, at in found.positions[0].items())
    print(f"  captures/wet_{first}.wav and so on, beside captures/dry.wav, then:")
    print("  drywet train --captures captures")


def evaluation(result: Evaluation, run: Path, json: bool) -> None:
    """Print the scores of ``evaluate``."""
    if json:
        _object(result)
    else:
        print("\n".join(scores.lines(result, run)))


def _run_object(run: Run) -> dict[str, Any]:
    return {
        "run": str(run.path),
        "check": None if run.check is None else run.check.model_dump(mode="json"),
        "training": None if run.fit is None else vars(run.fit),
        "before": None
        if run.before is None
        else {**vars(run.before), "path": str(run.before.path)},
        "evaluation": run.evaluation.model_dump(mode="json"),
    }


def trained(finished: Run | Seeds, json: bool) -> None:
    """Print how one training, or several of different seeds, went."""
    from drywet.verbs.train_seeds import Seeds

    if isinstance(finished, Seeds):
        _seeds(finished, json)
    else:
        _run(finished, json)


def _seeds(finished: Seeds, json: bool) -> None:
    group = finished.group
    if json:
        found = {"runs": str(finished.path), "interrupted": finished.interrupted}
        print(jsonlib.dumps(found | group.model_dump(mode="json"), indent=2))
        return
    path = shlex.quote(str(finished.path))
    if finished.interrupted:
        done = len(finished.runs) - 1
        print(f"stopped by Ctrl-C after {done} of the seeds, the last one unfinished; go on with")
        print(f"  drywet train --resume {path}")
        return
    print(f"{'':<20}{'mean':>12}{'deviation':>12}{'least':>12}{'most':>12}")
    for name, score in group.scores.items():
        label = scores.label_of(name)
        if label is not None:
            values = (score.mean, score.deviation, score.least, score.most)
            print(f"{label:<20}" + "".join(f"{number(value):>12}" for value in values))
    apart = "" if finished.apart is None else (
        f" The worst has {finished.apart:.1f} times the ESR of the best: a smaller difference "
        "between two trainings says nothing."
    )  # fmt: skip
    print(f"{len(group.runs)} seeds, on the same held-out audio.{apart}")
    best = finished.path / str(group.best)
    print(f"Best on the validation audio (no score above is of that): {shlex.quote(str(best))}")
    if finished.best is not None:
        linear = number(finished.best.linear.esr)
        print(f"ESR {number(finished.best.esr)}, that of a plain filter {linear}")
        print("\n".join(scores.verdict(finished.best, best)))
    print("Next:")
    print(f"  drywet report {path}")
    print(f"  drywet export {path}/{group.best}")


def _run(finished: Run, json: bool) -> None:
    if json:
        print(jsonlib.dumps(_run_object(finished), indent=2))
        return
    if finished.fit is not None:
        ended = "stopped by Ctrl-C" if finished.interrupted else "trained"
        if finished.finished_before:
            ended = "was finished before: trained"
        print(_how_it_ended(ended, finished.fit))
    print("\n".join(scores.lines(finished.evaluation, finished.path)))
    if finished.before is not None:
        before, now = finished.before, finished.evaluation
        cleaned = "Cleaned" if finished.cleaner else "Not cleaner"
        print(
            f"{cleaned}: aliasing {before.aliasing_db:.0f} -> {now.aliasing_db:.0f} dB, "
            f"ESR {number(before.esr)} -> {number(now.esr)}; before: {before.path}"
        )
        if not finished.cleaner:
            print(f"  -> Keep {before.path} and play it with --oversample 4.")
    if finished.timed and not finished.interrupted:
        print(
            "A budget in seconds depends on the machine's load, and one training on its seed: "
            "'--seeds 3' shows how far apart they come out."
        )
    path = shlex.quote(str(finished.path))
    print(f"{finished.path}: scores and audio/ are there. Next:")
    known = finished.evaluation.positions
    first = known[0].knobs.items() if known else ()
    turned = "".join(f" {option_of(name, at)}" for name, at in first)
    if finished.interrupted:
        print(f"  drywet train --resume {shlex.quote(str(finished.resumes or finished.path))}")
    if finished.finished_before:
        print(f"  drywet train --resume {path} --longer     (trains it on)")
    for name in finished.formats[:1]:
        print(f"  drywet export {path} --format {name}")
    print(f"  drywet report {path}")
    if known:
        print(f"  drywet plan {path}     (which position to record next)")
    print(f"  drywet render {path} IN.wav OUT.wav{turned}")


def _how_it_ended(ended: str, fit: FitResult) -> str:
    """Where a training stands; one of several starts may be the best and another the last."""
    if not fit.interrupted or fit.start == fit.last_start:
        steps = f"{count(fit.steps, 'step')}, {fit.seconds:.0f} s"
        return f"{ended} after {steps}; best at step {fit.best_step}"
    return (
        f"{ended} at step {fit.last_step} of start {fit.last_start + 1}, {fit.seconds:.0f} s; "
        f"best so far: start {fit.start + 1} at step {fit.best_step}"
    )


def stopped_early(place: Path | None) -> None:
    """Say that Ctrl-C came outside the training steps or twice, and how to go on.

    Args:
        place: the folder of the run, ``None`` where there is none yet.
    """
    if place is None:
        step("drywet: stopped before the first training step: nothing to keep. Call it again.")
        return
    from drywet.runs.folder import whole_of

    step("drywet: stopped, not scored; what was trained, if anything, is kept")
    step(f"  drywet train --resume {shlex.quote(str(whole_of(place)))}  goes on")


def reported(result: Reported, json: bool) -> None:
    """Print where the report is and what it says first."""
    if json:
        found = {
            "report": str(result.path), "runs": [str(run) for run in result.runs],
            "bytes": result.bytes, "verdict": result.verdict, "comparison": result.comparison,
        }  # fmt: skip
        print(jsonlib.dumps(found, indent=2))
        return
    for run, text in zip(result.runs, result.verdict, strict=True):
        print(f"{run}: {text}")
    for text in result.comparison:
        print(text)
    print(f"{result.path}: {result.bytes / 1e6:.1f} MB; open it in a browser")


def address(text: str) -> None:
    """Print where the page is; each address works once, for one browser."""
    said = "open this address, which works one time; a new one is printed then"
    print(f"{said}: {text}", flush=True)


def new_folder(path: Path) -> None:
    """Print that a folder of runs was made: a mistyped one is empty."""
    print(f"{path} was not there and has been made: it holds no runs yet", file=sys.stderr)


def ranking(found: Ranking, json: bool) -> None:
    """Print models in order, what that is worth, and where the page is."""
    if json:
        models = [
            {"name": one.name, "path": str(one.path), "undecided": one.undecided}
            | one.evaluation.model_dump(mode="json")
            for one in found.models
        ]
        made = {"models": models, "seconds": found.seconds, "notes": found.notes}
        print(jsonlib.dumps(made | {"page": str(found.page)}, indent=2))
        return
    width = max(len(one.name) for one in found.models) + 4
    heads = ("ESR", "A-weighted", "MR-STFT", "aliasing", "delay, samples", "level")
    print(" " * width + "".join(f"{head:>16}" for head in heads))
    for place, one in enumerate(found.models, 1):
        score, match = one.evaluation, one.evaluation.match
        cells = [number(score.esr), number(score.esr_a_weighted)]
        cells.append("too short" if score.mrstft is None else f"{score.mrstft:.3f}")
        cells.append(f"{score.aliasing_db:.0f} dB")
        if match is not None:
            turned = " inv." if match.inverted else ""
            cells += [f"{match.delay_samples:+.2f}", f"{match.gain_db:+.1f} dB{turned}"]
        print(f"{place:>2}  {one.name:<{width - 4}}" + "".join(f"{cell:>16}" for cell in cells))
    print("\n".join(found.notes))
    print(f"on {found.seconds:.1f} s; {found.page}: to listen to, blind if you like")


def rendered(made: list[Rendered], several: bool, json: bool) -> None:
    """Print what ``render`` wrote: one file, or several."""
    if json:
        if several:
            print(jsonlib.dumps([result.model_dump() for result in made], indent=2))
        else:
            _object(made[0])
        return
    for result in made:
        print(
            f"{result.path}: {result.seconds:.2f} s at {result.rate} Hz, "
            f"peak {result.peak_dbfs:.1f} dBFS, "
            f"output latency {count(result.output_latency, 'sample')} at {result.model_rate} Hz"
            + scores.oversampled(result.oversample)
            + (f"; {positions(result.knobs)}" if result.knobs else "")
            + (f"; through {result.cabinet}" if result.cabinet else "")
        )
        if result.peak_dbfs > 0:
            print("! it goes over full scale: turn it down before a format without floats clips it")


def exported(result: Exported, json: bool) -> None:
    """Print what ``export`` wrote."""
    if json:
        _object(result)
        return
    latency = count(result.output_latency, "sample")
    late = f", output latency {latency}" if result.oversample > 1 else ""
    print(
        f"{result.path}: {result.model} as {result.format}"
        + (f" with {positions(result.knobs)}" if result.knobs else "")
        + f", to be run at {result.rate} Hz"
        + scores.oversampled(result.oversample) + late
    )  # fmt: skip
    for name, knob in result.inputs.items():
        print(f"  {name} is {knob}")


def doctor(found: Diagnosis, json: bool) -> None:
    """Print what ``doctor`` found."""
    if json:
        _object(found)
        return
    pytorch = f"PyTorch {found.torch}" if found.torch else "no PyTorch"
    print(f"drywet {found.drywet}, Python {found.python}, {pytorch}")
    trains = f"PyTorch can train on {', '.join(found.compute)}"
    if not found.torch:
        trains = "to train, pip install 'drywet[train]'"
    print(f"{found.machine}, {found.cores} cores; {trains}")
    print(f"kernels: {found.kernels or 'none, PyTorch runs the nets'} ({found.reason})")
    if found.possible:
        print(f"this CPU runs {', '.join(found.possible)}; DRYWET_KERNELS names another, or off")
    if found.advice:
        print(f"-> {found.advice}")


def demo(result: Demo, json: bool) -> None:
    """Print what the demo left and what to try next."""
    if json:
        print(jsonlib.dumps(_run_object(result.run) | {"nam": result.nam}, indent=2))
        return
    path = result.run.path
    print("\n".join(scores.lines(result.run.evaluation, path, advice=False)))
    print(f"\n{path} is a run:")
    print("  audio/target.wav, audio/prediction.wav, audio/residual.wav to listen to")
    print(f"  {result.nam} to load in Neural Amp Modeler")
    print("\nTry next (source .venv/bin/activate puts drywet on the path):")
    print(f"  drywet report {path}     (a page to read, see and hear: figures, players, scores)")
    print(f"  drywet render {path} {result.dry} out.wav")
    print(f"  drywet export {path} --format rtneural")
    print(f"  drywet clean {path}     (a net that aliases less by itself)")
    print("  drywet signal my-dry.wav      (then record your own pedal)")
    print("  drywet train my-dry.wav my-wet.wav -o runs/my-pedal")
