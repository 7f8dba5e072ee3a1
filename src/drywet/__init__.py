"""drywet: learn an analog effect from a dry and a wet recording.

The verbs, as functions::

    check(dry, wet)            is this capture fit to be learned from?
    check_captures(folder)     are these, of a device with knobs?
    train(dry, wet, ...)       two recordings become a run
    train_seeds(dry, wet, ...) the same with several seeds
    train_captures(folder)     a device with its knobs, from captures at several positions
    plan(knobs, captures)      at which positions to record; plan_next(runs) where next
    clean(model, ...)          a trained model until it hardly aliases
    resume(run)                go on with an interrupted run
    evaluate(run, ...)         scores on audio the model has not heard
    report(runs)               a page with scores, figures and sounds
    rank(dry, wet, models)     which of them sounds closest to a recording
    render(model, in, out)     play a file through a model
    load(path)                 a model of any format
    info(model)                what it is
    export(model, ...)         for Neural Amp Modeler, RTNeural, AIDA-X, Proteus; ONNX, C
    convert(a, b)              from one format to another
    signal(out)                the capture signal
    process(device, in, out)   play a file through a device: a circuit, a plugin
    train_device(device, ...)  learn a device that drywet can play; train_over(device, knobs, n)
                               with its knobs
    study(file)                many trainings from one declaration
    devices()                  the circuits that come with drywet

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from drywet.errors import DrywetError, extras_wanted

if TYPE_CHECKING:
    from drywet.formats.load import load
    from drywet.losses.config import LossConfig
    from drywet.models.linear.config import LinearConfig
    from drywet.models.recurrent.config import RecurrentConfig
    from drywet.models.wavenet.config import WaveNetConfig
    from drywet.models.windowed.config import WindowedConfig
    from drywet.runs.config import CaptureConfig, TrainingConfig
    from drywet.studies.run import study
    from drywet.trained.model_file import load_model
    from drywet.training.control import Control
    from drywet.verbs.check import check, check_captures
    from drywet.verbs.clean import clean
    from drywet.verbs.devices import devices
    from drywet.verbs.evaluate import evaluate
    from drywet.verbs.export import convert, export
    from drywet.verbs.info import info
    from drywet.verbs.plan import plan, plan_next
    from drywet.verbs.process import process
    from drywet.verbs.rank import rank
    from drywet.verbs.render import render, render_all
    from drywet.verbs.report import report
    from drywet.verbs.signal import signal
    from drywet.verbs.train import resume, train
    from drywet.verbs.train_captures import train_captures
    from drywet.verbs.train_device import train_device
    from drywet.verbs.train_over import train_over
    from drywet.verbs.train_seeds import train_seeds

__all__ = [
    "CaptureConfig",
    "Control",
    "DrywetError",
    "LinearConfig",
    "LossConfig",
    "RecurrentConfig",
    "TrainingConfig",
    "WaveNetConfig",
    "WindowedConfig",
    "check",
    "check_captures",
    "clean",
    "convert",
    "devices",
    "evaluate",
    "export",
    "info",
    "load",
    "load_model",
    "plan",
    "plan_next",
    "process",
    "rank",
    "render",
    "render_all",
    "report",
    "resume",
    "signal",
    "study",
    "train",
    "train_captures",
    "train_device",
    "train_over",
    "train_seeds",
]

_HOMES = {
    "CaptureConfig": "drywet.runs.config",
    "Control": "drywet.training.control",
    "LinearConfig": "drywet.models.linear.config",
    "LossConfig": "drywet.losses.config",
    "RecurrentConfig": "drywet.models.recurrent.config",
    "TrainingConfig": "drywet.runs.config",
    "WaveNetConfig": "drywet.models.wavenet.config",
    "WindowedConfig": "drywet.models.windowed.config",
    "check": "drywet.verbs.check",
    "check_captures": "drywet.verbs.check",
    "clean": "drywet.verbs.clean",
    "convert": "drywet.verbs.export",
    "devices": "drywet.verbs.devices",
    "evaluate": "drywet.verbs.evaluate",
    "export": "drywet.verbs.export",
    "info": "drywet.verbs.info",
    "load": "drywet.formats.load",
    "load_model": "drywet.trained.model_file",
    "plan": "drywet.verbs.plan",
    "plan_next": "drywet.verbs.plan",
    "process": "drywet.verbs.process",
    "rank": "drywet.verbs.rank",
    "render": "drywet.verbs.render",
    "render_all": "drywet.verbs.render",
    "report": "drywet.verbs.report",
    "resume": "drywet.verbs.train",
    "signal": "drywet.verbs.signal",
    "study": "drywet.studies.run",
    "train": "drywet.verbs.train",
    "train_captures": "drywet.verbs.train_captures",
    "train_device": "drywet.verbs.train_device",
    "train_over": "drywet.verbs.train_over",
    "train_seeds": "drywet.verbs.train_seeds",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'drywet' has no attribute '{name}'")
    with extras_wanted():
        return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
