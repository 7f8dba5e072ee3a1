"""From the options of ``drywet train`` to settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drywet.cli.knobs import CAPTURES
from drywet.errors import DrywetError
from drywet.runs.choices import CELL_SIZES, CPU, KINDS, PRESETS, QUALITY, require_known
from drywet.runs.config import Settings, TrainingConfig, named_loss
from drywet.storage import read_json
from drywet.validation import parse

# Which option sets which key; options left out leave the file's or the default.
_MODEL = ("cell", "hidden", "layers", "skip", "frame", "taps", "preset")
_LOSS = ("pre_emphasis", "mrstft", "dc", "mae")
_TRAINING = (
    "epochs", "seconds", "until_esr", "select", "patience", "examples", "restarts", "seed",
    "compute", "threads", "batch", "segment", "bptt", "optimizer", "learning_rate",
)  # fmt: skip
_CAPTURE = (
    "rate", "margin", "channel", "latency", "resample", "resample_drift", "per_take", "force",
)  # fmt: skip
_FIXED = (
    "dry", "wet", "out", "overwrite", "config", "model", "test", "device", "signal", "seeds",
    "start", "loss", "clean", "name", "quality", "cpu", "captures", "hold_out", "over",
    *_MODEL, *_LOSS, *_TRAINING, *_CAPTURE,
)  # fmt: skip


def _is_given(value: object) -> bool:
    """Whether an option was given; 0 is a value like any other."""
    return value is not None and value is not False and value not in ([], ())


def settings(given: dict[str, Any], file: Path | None) -> Settings:
    """Defaults, overridden by a settings file, overridden by options.

    Args:
        given: every option of the command by name; ``None`` or ``False`` where left out.
        file: JSON of the form of `Settings`, or the ``config.json`` of a run.

    Raises:
        DrywetError: naming the key or option that is unknown or out of range.
    """
    chosen: dict[str, Any] = {}
    options: dict[str, str] = {}
    source = Path("the command line")
    if file is not None:
        source = file
        chosen = read_json(file, "a JSON file of settings")
        if not isinstance(chosen, dict):
            raise DrywetError(
                f"{file} holds a {type(chosen).__name__}", "a JSON object of settings",
                "See docs/runs.md for every key.",
            )  # fmt: skip
        if "settings" in chosen and {"recording", "captures"} & set(chosen):
            chosen = chosen["settings"]
        if isinstance(chosen.get("model"), dict):
            chosen["model"].setdefault("kind", "recurrent")
        parse(Settings, chosen, file)
    _take_choices(chosen, given)
    _take_kind(chosen, given)
    for section, names in (
        ("model", _MODEL), ("loss", _LOSS), ("training", _TRAINING), ("capture", _CAPTURE),
    ):  # fmt: skip
        values = {name: given[name] for name in names if _is_given(given[name])}
        if given["skip"] is False and section == "model":
            values["skip"] = False
        options |= {f"{section}.{name}": f"--{name.replace('_', '-')}" for name in values}
        if values:
            chosen[section] = {**chosen.get(section, {}), **values}
    if "model" in chosen:
        chosen["model"].setdefault("kind", "wavenet" if given["preset"] else "recurrent")
    if given["loss"] is not None:
        named = named_loss(given["loss"], chosen.get("model", {}).get("kind", "recurrent"))
        chosen["loss"] = named | {name: given[name] for name in _LOSS if _is_given(given[name])}
    if given["test"] is not None:
        chosen.setdefault("capture", {})["test"] = _stretch(given["test"])
        options["capture.test"] = "--test"
    return parse(Settings, chosen, source, options=options)


def _take_choices(chosen: dict[str, Any], given: dict[str, Any]) -> None:
    """What ``--cpu`` and ``--quality`` stand for.

    Raises:
        DrywetError: another name, or an option beside it that says the same more closely.
    """
    net, training = ("model", *_MODEL, "start"), ("epochs", "seconds", "until_esr", "restarts")
    for option, choices, section, others in (
        ("cpu", CPU, "model", net), ("quality", QUALITY, "training", training),
    ):  # fmt: skip
        if given[option] is None:
            continue
        beside = next((name for name in (*others, "config") if _is_given(given[name])), None)
        if beside is not None:
            raise DrywetError(
                f"--{option} and --{beside.replace('_', '-')}", "one of them",
                f"--{option} chooses for you: leave it out to choose yourself.",
            )  # fmt: skip
        require_known(option, choices, given[option])
        chosen[section] = dict(choices[given[option]])


def _take_kind(chosen: dict[str, Any], given: dict[str, Any]) -> None:
    """Another kind of model, or another preset of it, than the file's.

    Raises:
        DrywetError: one that cannot be trained by its name alone.
    """
    if given["preset"] is not None and isinstance(chosen.get("model"), dict):
        chosen["model"].pop("arrays", None)
    for option, names in (("model", KINDS), ("preset", PRESETS)):
        if given[option] is not None:
            require_known(option, names, given[option])
    if given["model"] is not None:
        # Another kind of model starts from its own defaults.
        chosen["model"] = {"kind": given["model"]}
    model, cell = chosen.get("model", {}), given["cell"]
    if cell is not None and CELL_SIZES.get(model.get("cell", "lstm")) != CELL_SIZES.get(cell):
        for size in ("hidden", "layers"):  # which were the other cell's
            model.pop(size, None)


def refuse_with_start(given: dict[str, Any]) -> None:
    """A model that is trained further is what it is.

    Raises:
        DrywetError: an option of another model, or several seeds, was given.
    """
    changed = [
        name for name in ("model", "seeds", "device", "margin", *_MODEL) if _is_given(given[name])
    ]
    if changed:
        raise DrywetError(
            f"--start was given with --{changed[0].replace('_', '-')}",
            "a model to train further, which keeps its kind, and a pair",
            "Leave one of them out.",
        )


def refuse_with_seeds(given: dict[str, Any]) -> None:
    """Several seeds are compared as they are trained.

    Raises:
        DrywetError: they were to be cleaned.
    """
    if given["clean"]:
        raise DrywetError(
            "--seeds and --clean", "one of them", "Clean the best seed: drywet clean RUN/seed-0."
        )


def refuse_with_captures(given: dict[str, Any]) -> None:
    """Captures with knobs are learned as they are.

    Raises:
        DrywetError: a pair, or an option that needs one, was given, or ``--over`` without a device.
    """
    option = "captures" if given["over"] is None else "over"
    beside = ["dry", "start", "clean", "seeds"]
    beside += ["device", "signal"] if given["over"] is None else []
    found = next((name for name in beside if _is_given(given[name])), None)
    if found is not None:
        what = "a pair" if found == "dry" else f"--{found.replace('_', '-')}"
        raise DrywetError(
            f"--{option} and {what}", "one of them",
            "--captures takes a pair's place; --over KNOBS makes the captures of a --device.",
        )  # fmt: skip
    if given["over"] is not None and given["device"] is None:
        refuse_alone("over", "--device")


def leaves_model_open(given: dict[str, Any]) -> bool:
    """Whether no option says what to train."""
    return not any(_is_given(given[name]) for name in ("model", "cpu", "config", *_MODEL))


def refuse_alone(option: str, needed: str) -> None:
    """An option that says nothing without another.

    Raises:
        DrywetError: always.
    """
    raise DrywetError(f"--{option} alone", f"{needed} with it", "'drywet train --help' says more.")


def knob_names(listed: str) -> list[str]:
    """``"drive,tone"`` as a list."""
    return [name.strip() for name in listed.split(",") if name.strip()]


def number_of_captures(given: str | None) -> int:
    """How many captures to make of a device.

    Raises:
        DrywetError: no number.
    """
    if given is None:
        return CAPTURES
    try:
        return int(given)
    except ValueError:
        raise DrywetError(
            f"--captures {given} with --over", "how many captures to make", "Give a number."
        ) from None


def _stretch(text: str) -> tuple[float, float | None]:
    """``"8:"`` or ``"8:11.5"`` as seconds."""
    start, colon, end = text.partition(":")
    try:
        if not colon:
            raise ValueError
        return float(start or 0), float(end) if end else None
    except ValueError:
        raise DrywetError(
            f"--test {text}", "START:END in seconds, such as 8: or 8:11.5", "Give both or one."
        ) from None


def budget(seconds: float | None) -> TrainingConfig:
    """Default training settings with a budget in seconds.

    Raises:
        DrywetError: not a positive number.
    """
    options = {"seconds": "--seconds"}
    return parse(TrainingConfig, {"seconds": seconds}, Path("the command line"), options=options)


def is_device(device: str | None, dry: Path | None, signal: Path | None) -> bool:
    """Whether a device is to be learned and not a pair.

    Raises:
        DrywetError: both were named, or a signal without a device.
    """
    if device is not None and dry is not None:
        raise DrywetError(
            f"--device {device} and a pair", "one of them",
            "Play a file of your own through the device with --signal.",
        )  # fmt: skip
    if signal is not None and device is None:
        raise DrywetError(f"--signal {signal} alone", "--device with it", "Name the device.")
    return device is not None


def both_files(dry: Path | None, wet: Path | None) -> tuple[Path, Path]:
    """The two files, neither missing.

    Raises:
        DrywetError: one is missing.
    """
    if dry is None or wet is None:
        raise DrywetError(
            "no pair was named" if dry is None else f"only {dry} was named",
            "a dry and a wet file",
            "Call drywet train DRY WET, or --resume RUN.",
        )
    return dry, wet


def require_one_capture(
    dry: Path | None, wet: Path | None, captures: Path | None, hold_out: list[str] | None
) -> None:
    """Either two files or the captures of a device with knobs, which alone are held out from.

    Raises:
        DrywetError: neither, both, or one file alone.
    """
    if captures is not None and dry is not None:
        raise DrywetError(f"{dry} and --captures", "one of them", "Check one, then the other.")
    if captures is None and hold_out:
        raise DrywetError("--hold-out without --captures", "both", "Name the captures, or neither.")
    if captures is None and (dry is None or wet is None):
        raise DrywetError(
            "no pair was named" if dry is None else f"only {dry} was named",
            "a dry and a wet file, or --captures",
            "Call drywet check DRY WET; of a device with knobs, drywet check --captures FOLDER.",
        )


def is_group(path: Path) -> bool:
    """Whether a folder holds runs of several seeds."""
    from drywet.runs import group

    return group.is_group(path)


def refuse_with_resume(given: dict[str, Any]) -> None:
    """A resumed run keeps its settings.

    Raises:
        DrywetError: anything that would change them was given.
    """
    changed = [name for name in _FIXED if _is_given(given[name])]
    if changed:
        raise DrywetError(
            f"--resume was given with '{changed[0].replace('_', '-')}'",
            "--resume RUN alone",
            "A resumed run keeps its settings; train a new one to change them.",
        )


def refuse_longer(longer: bool, expected: str) -> None:
    """Only a run that is there can be trained longer.

    Raises:
        DrywetError: it was asked for.
    """
    if longer:
        raise DrywetError("--longer", expected, "Name the run: drywet train --resume RUN --longer.")
