"""``demo``: capture, learn, score and export a pedal that everyone has at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drywet.errors import DrywetError
from drywet.runs.config import TrainingConfig
from drywet.runs.folder import require_free
from drywet.storage import make_folder
from drywet.training.control import Control
from drywet.training.prepare import Played
from drywet.verbs.export import export
from drywet.verbs.process import process
from drywet.verbs.scored_run import Run
from drywet.verbs.signal import signal
from drywet.verbs.train import train

_SECONDS = 60.0


@dataclass(frozen=True)
class Demo:
    """What the demo leaves.

    Attributes:
        run: the training.
        dry: the capture signal's file.
        wet: the same through the SD-1.
        nam: the exported model.
    """

    run: Run
    dry: str
    wet: str
    nam: str


def demo(
    out: Path | str,
    *,
    overwrite: bool = False,
    training: TrainingConfig | None = None,
    on_step: Callable[[str], None] = lambda text: None,
    control: Control | None = None,
) -> Demo:
    """Learn the built-in Boss SD-1 from a one-minute capture signal.

    Args:
        out: folder for the capture and the run.
        overwrite: replace an earlier demo there.
        training: budget and the like, by default those of any training.
        on_step: called with a line before each step.
        control: as for `drywet.train`.

    Raises:
        DrywetError: an earlier demo is there, or the place cannot be written.
    """
    folder = Path(out)
    require_free(folder / "run", overwrite)
    dry, wet = folder / "dry.wav", folder / "wet.wav"
    for path in (dry, wet):
        if path.exists() and not (folder / "run" / "config.json").exists():
            raise DrywetError(
                f"{path} is there and not from a demo", "a new folder", "Choose another -o."
            )
    make_folder(folder)
    on_step(f"1/4  capture signal of {_SECONDS:.0f} s -> {dry}")
    signal(dry, seconds=_SECONDS, overwrite=True)
    on_step(f"2/4  through the built-in Boss SD-1, knobs at noon -> {wet}")
    process("sd1", dry, wet, overwrite=True)
    on_step("3/4  learning it with an LSTM of 16 units")
    run = train(
        dry,
        wet,
        out=folder / "run",
        training=training,
        overwrite=overwrite,
        played=Played("sd1", {}),
        control=control,
    )
    on_step("4/4  exporting it")
    exported = export(run.path, format="nam", name="Boss SD-1 (drywet demo)")
    return Demo(run, str(dry), str(wet), exported.path)
