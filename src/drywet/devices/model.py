"""A model as a device: drywet's own, or one of any format that it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np

from drywet.audio.read import Samples
from drywet.audio.resample import other_rate
from drywet.devices.device import Knob, Position, fixed, no_progress, require_playable
from drywet.dsp.oversampling import require_factor
from drywet.formats.load import load
from drywet.inference.stream import predict
from drywet.trained.knobs import with_knobs


class ModelDevice:
    """A model that plays at its own rate.

    Args:
        path: as for `drywet.formats.load.load`.
        oversample: as for `drywet.inference.stream.Stream`.

    Raises:
        DrywetError: as `drywet.formats.load.load`, or another oversampling.
    """

    def __init__(self, path: Path | str, oversample: int = 1) -> None:
        require_factor(oversample)
        self._oversample = oversample
        self._path = Path(path)
        self._trained = load(self._path)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the weights and of what the model is."""
        digest = sha256(self._trained.card.model_dump_json().encode())
        for name in sorted(self._trained.weights):
            digest.update(np.ascontiguousarray(self._trained.weights[name]).tobytes())
        digest.update(self._trained.graph)
        return digest.hexdigest()

    @property
    def rate(self) -> int:
        """The only sample rate at which it plays, in Hz."""
        return self._trained.card.rate

    @property
    def name(self) -> str:
        """The folder's name, or the file's without its suffix."""
        path = self._path.resolve()
        return path.name if path.is_dir() else path.stem

    @property
    def about(self) -> str:
        """The kind of model, its rate and where it lies."""
        card = self._trained.card
        return f"{card.model.title} at {card.rate} Hz\n{self._path}"

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """Those of a net that has some."""
        ranges = self._trained.card.ranges.items()
        return {
            name: Knob("an input of the net", knob.middle, knob.least, knob.most)
            for name, knob in ranges
        }

    def latency(self, rate: int) -> int:
        """What the model learned: samples at its own rate, the only one at which it plays."""
        return self._trained.card.output_latency

    def process(
        self,
        dry: Samples,
        rate: int,
        knobs: Mapping[str, Position] | None = None,
        on_progress: Callable[[float], None] = no_progress,
    ) -> Samples:
        """See `Device.process`; starts from settled silence.

        Raises:
            DrywetError: another rate than the model's, a knob, or samples that are not finite.
        """
        chosen = fixed(self, knobs)
        own = self.rate
        if rate != own:
            raise other_rate(
                "the signal", rate, self.name, own, f"Resample the signal to {own} Hz first."
            )
        # What isn't finite would stay in the model's state for ever.
        playable = require_playable(self, dry, rate)
        trained = with_knobs(self._trained, chosen)
        return predict(trained, playable, self._oversample, on_progress)
