"""What a model with knobs gives at positions that it has not learned; test ESR.

    python -m benchmarks.knobs jvm ../shared/audio
    python -m benchmarks.knobs hrd3 ../shared/audio
    python -m benchmarks.knobs device --device sd1 --over drive,tone --captures 9

`jvm` learns the first 35 s of the Marshall JVM410H at five positions of its tone controls, and is
scored on the last 5 s there and at nine positions that it has not heard. `hrd3` holds each drive
of the Fender Hot Rod Deluxe out once. `device` learns a built-in circuit from captures of 20 s and
is scored on held-out audio at positions between, at the first of them beside a net of the same size
that was trained there alone. With `--preset nano` the net is a WaveNet.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

import drywet
from drywet import CaptureConfig, RecurrentConfig, TrainingConfig, WaveNetConfig
from drywet.captures.file_names import named_files
from drywet.captures.listed import read_captures
from drywet.captures.plan import between
from drywet.data.prepare import at_model_rate
from drywet.devices.catalog import find
from drywet.inference.stream import predict
from drywet.metrics.time import esr
from drywet.models.registry import ModelConfig
from drywet.pair.alignment import Alignment, align
from drywet.pair.load import load_pair
from drywet.runs.folder import RunFolder
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import load_model
from drywet.verbs.process import process
from drywet.verbs.train_captures import HIDDEN, train_captures
from drywet.verbs.train_over import ranges_of, train_over

BETWEEN = 12
SECONDS = 20


def jvm(audio: Path, place: Path, model: ModelConfig, training: TrainingConfig) -> None:
    folder = audio / "jvm410h-knobs"
    began = time.perf_counter()
    run = train_captures(
        folder, model=model, training=training, capture=CaptureConfig(test=(35, 40)),
        out=place / "jvm", overwrite=True,
    )  # fmt: skip
    print(f"trained and scored in {time.perf_counter() - began:.0f} s")
    learned = [one.esr for one in run.evaluation.positions]
    for one in run.evaluation.positions:
        print(f"{one.knobs}  {one.esr:.4f}")
    dry, rate = soundfile.read(folder / "dry.flac")
    soundfile.write(place / "dry-end.wav", dry[35 * rate : 40 * rate], rate)
    unheard = []
    place_of_names = place / "names"
    place_of_names.mkdir(exist_ok=True)
    for clip in sorted(folder.glob("clip9_*.flac")):
        link = place_of_names / clip.name.replace("clip9", "wet")
        link.unlink(missing_ok=True)
        link.symlink_to(clip.resolve())
    (place_of_names / "dry.flac").unlink(missing_ok=True)
    (place_of_names / "dry.flac").symlink_to((folder / "dry.flac").resolve())
    for _, wet, knobs, _ in named_files(place_of_names)[1]:
        found = drywet.evaluate(run.path, place / "dry-end.wav", wet, knobs=knobs, force=True)
        unheard.append(found.esr)
        print(f"{knobs}  {found.esr:.4f}  not heard")
    print(f"mean: learned {np.mean(learned):.4f}, not heard {np.mean(unheard):.4f}")


def hrd3(audio: Path, place: Path, model: ModelConfig, training: TrainingConfig) -> None:
    whole = read_captures(audio / "hrd3-drive")
    knobs = tuple(knob for knob in whole.knobs if knob.name == "drive")  # the master follows it
    for held_out in whole.pairs[1:-1]:
        drive = held_out.knobs["drive"]
        pairs = tuple(
            replace(pair, knobs={"drive": pair.knobs["drive"]}, held_out=pair is held_out)
            for pair in whole.pairs
        )
        captures = replace(whole, knobs=knobs, pairs=pairs)
        run = train_captures(
            captures, model=model, training=training, out=place / "hrd3", overwrite=True
        )
        found = {one.knobs["drive"]: one.esr for one in run.evaluation.positions}
        near = (found[drive - 2] + found[drive + 2]) / 2
        print(
            f"drive {drive:g} held out: {found[drive]:.4f}; its neighbours {near:.4f}", flush=True
        )


def device(
    name: str,
    over: list[str],
    captures: int,
    positions: int,
    alone: int,
    di: Path | None,
    place: Path,
    model: ModelConfig,
    training: TrainingConfig,
) -> None:
    signal = place / "signal.wav"
    if di is None:
        drywet.signal(place / "whole.wav", seconds=30, overwrite=True)
        di = place / "whole.wav"
    samples, rate = soundfile.read(di)
    soundfile.write(signal, samples[: SECONDS * rate], rate)
    run = train_over(
        name, over, captures, signal=signal, model=model, training=training, out=place / name,
        overwrite=True,
    )  # fmt: skip
    turnable = load_model(RunFolder.open(run.path).model_file)
    config = RunFolder.open(run.path).config()
    latency, spans = config.captures[0].recording.latency, config.captures[0].split.test
    capture = CaptureConfig(latency=latency)
    found = []
    for number, knobs in enumerate(between(ranges_of(find(name), over), positions)):
        wet = place / "wet.wav"
        process(name, signal, wet, knobs=knobs, overwrite=True)
        pair = align(load_pair(signal, wet), Alignment(latency=latency))
        prepared = at_model_rate(pair, config.rate, config.output_latency)
        played = predict(with_knobs(turnable, knobs), prepared.dry)
        ours, wanted = (
            np.concatenate([each[a:b] for a, b in spans]) for each in (played, prepared.wet)
        )
        found.append(float(esr(ours, wanted)))
        beside = ""
        if number < alone:
            there = drywet.train(
                signal, wet, model=model, training=training, capture=capture,
                out=place / "alone", overwrite=True,
            )  # fmt: skip
            own = there.evaluation.esr
            beside = f", a net for it alone {own:.5f}: {found[-1] / own:.1f}x"
        print(f"{knobs}  {found[-1]:.5f}{beside}", flush=True)
    learned = statistics.fmean(one.esr for one in run.evaluation.positions)
    print(
        f"mean between {np.mean(found):.5f}, median {np.median(found):.5f}, "
        f"worst {max(found):.5f}; at the learned positions {learned:.5f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("jvm", "hrd3", "device"))
    parser.add_argument("audio", type=Path, nargs="?", help="of jvm and hrd3")
    parser.add_argument("--device", default="sd1")
    parser.add_argument("--over", default="drive,tone")
    parser.add_argument("--captures", type=int, default=9)
    parser.add_argument(
        "--di", type=Path, help="played through the device [default: drywet signal]"
    )
    parser.add_argument("--between", type=int, default=BETWEEN, help="positions to score")
    parser.add_argument("--alone", type=int, default=1, help="nets of their own, of these")
    parser.add_argument("--preset", help="a WaveNet instead of an LSTM")
    parser.add_argument("--cycles", type=int)
    parser.add_argument("--warm-up", type=int, help="of a window, in samples")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/knobs"))
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    training = TrainingConfig(cycles=chosen.cycles, restarts=1, warm_up=chosen.warm_up)
    model: ModelConfig = RecurrentConfig(hidden=HIDDEN)
    if chosen.preset:
        model = WaveNetConfig(preset=chosen.preset)
    if chosen.what == "device":
        over = chosen.over.split(",")
        device(
            chosen.device, over, chosen.captures, chosen.between, chosen.alone, chosen.di,
            chosen.out, model, training,
        )  # fmt: skip
    else:
        {"jvm": jvm, "hrd3": hrd3}[chosen.what](chosen.audio, chosen.out, model, training)


if __name__ == "__main__":
    main()
