"""``train --captures``: a device's recordings at several positions of its knobs become one run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drywet.captures.listed import Captures, read_captures
from drywet.losses.config import LossConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import ModelConfig
from drywet.pair.summary import CheckReport
from drywet.runs.config import CaptureConfig, TrainingConfig, named_loss
from drywet.runs.folder import RunFolder, require_free
from drywet.training.control import Control, CtrlC
from drywet.training.hardware import choose_device
from drywet.training.prepare_captures import prepare_captures
from drywet.verbs.scored_run import Run, scored_run
from drywet.verbs.train import place_of, require_name, settings_of

HIDDEN = 32
"""Units of a net with knobs, where nothing else is chosen: it has more to learn than one sound."""


def train_captures(
    captures: Path | str | Captures,
    *,
    hold_out: Sequence[str] = (),
    out: Path | str | None = None,
    model: ModelConfig | None = None,
    loss: LossConfig | str | None = None,
    training: TrainingConfig | None = None,
    capture: CaptureConfig | None = None,
    overwrite: bool = False,
    name: str | None = None,
    control: Control | None = None,
) -> Run:
    """Learn a device with its knobs from recordings at some of their positions.

    Args:
        captures: as for `drywet.captures.listed.read_captures`, or read by it.
        hold_out: positions that are scored and not learned from, such as ``drive=0.5``.
        out: folder of the run; by default ``runs/`` and the captures' folder's name.
        model: what to train; an LSTM of `HIDDEN` units by default. It gets the captures' knobs.
        loss: as for `drywet.train`.
        training: budget, seed, optimiser.
        capture: rate, alignment, held-out stretch of every capture.
        overwrite: replace a run that is there.
        name: of what is learned, shown by the plugins.
        control: as for `drywet.train`.

    Raises:
        DrywetError: captures or settings that cannot be used, a capture the checks refuse, or a
            place that cannot be written or that another process trains into.
    """
    control = control or CtrlC()
    if not isinstance(captures, Captures):
        captures = read_captures(captures, hold_out)
    model = model or RecurrentConfig(hidden=HIDDEN)
    if isinstance(loss, str):
        loss = LossConfig(**named_loss(loss, model.kind))
    settings = settings_of(model, loss, training, capture)
    choose_device(settings.training.compute)
    require_name(name)
    where = captures.where.resolve()
    usual = where.name if where.is_dir() else where.parent.name
    path = place_of(usual or "captures", name, control) if out is None else Path(out)
    require_free(path, overwrite)
    reports: list[CheckReport] = []

    def examined(report: CheckReport) -> None:
        reports.append(report)
        control.on_findings(report)

    config, data = prepare_captures(captures, settings, examined, control.on_work)
    config = config.model_copy(update={"name": name})
    RunFolder(path).uncleaned.discard()
    folder = RunFolder.create(path, config, overwrite, None)
    return scored_run(folder, data, control, reports[0], resume=False)
