"""A model as the teacher of its own cleaner self."""

from __future__ import annotations

from dataclasses import replace

from drywet.inference.stream import predict
from drywet.trained.model_file import TrainedModel
from drywet.training.data import TrainingCapture, TrainingData

OVERSAMPLED = 8
"""Times its rate, at which a model hardly aliases (docs/aliasing.md)."""


def with_teacher(data: TrainingData, teacher: TrainedModel) -> TrainingData:
    """The training audio with a target half-way between the device and the model oversampled.

    Of two targets whose errors are summed, the mean is the one target with the same minimum. The
    device keeps the model close; the model's own self keeps it from learning by heart what the
    recording alone has. Held-out audio stays the device's.
    """
    return replace(data, captures=tuple(_with_teacher(each, teacher) for each in data.captures))


def _with_teacher(capture: TrainingCapture, teacher: TrainedModel) -> TrainingCapture:
    played = predict(teacher, capture.dry, OVERSAMPLED)
    wet = capture.wet.copy()
    for a, b in capture.split.train:
        wet[a:b] = (wet[a:b] + played[a:b]) / 2
    return replace(capture, wet=wet)
