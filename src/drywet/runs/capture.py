"""What a run keeps of each recording that it learned from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from drywet.data.split import Split
from drywet.dsp.repeats import Repeat
from drywet.pair.alignment import MOST_PPM, Alignment, Take
from drywet.pair.check_device import Behaviour
from drywet.pair.delay import Tried


class Recording(BaseModel):
    """One pair of files that a run was trained on.

    Attributes:
        dry: path of the dry file.
        wet: path of the wet file.
        dry_sha256: of its samples as loaded.
        wet_sha256: likewise.
        rate: of the files, in Hz.
        seconds: common length once aligned.
        latency: samples by which the wet lagged at ``rate``; of the first take.
        drift_ppm: by which the wet was resampled first, for the drift of its clock.
        takes: those with latencies of their own, in samples of the dry file.
        tried: delays that were tried, each with the ESR that a simple causal fit left at it.
        polarity: 1, or -1 where the device inverts.
        replicate_esr: the device against itself, where the capture repeats a passage.
        repeats: those passages, in samples of the aligned files.
        behaviour: of a device that changes with time or compresses, the check that said so.
        device: what played the capture, where drywet did: a name or a path.
        knobs: positions of the knobs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    dry: str
    wet: str
    dry_sha256: str
    wet_sha256: str
    rate: int = Field(ge=1_000, le=768_000)
    seconds: float
    latency: int = Field(ge=-10_000_000, le=10_000_000)
    drift_ppm: float = Field(default=0.0, ge=-MOST_PPM, le=MOST_PPM)
    takes: tuple[Take, ...] = Field(default=(), max_length=1000)
    tried: tuple[Tried, ...] = Field(default=(), max_length=10_000)
    polarity: int
    replicate_esr: float | None
    repeats: tuple[Repeat, ...] = ()
    behaviour: Behaviour | None = None
    device: str | None = None
    knobs: dict[str, float] = {}

    @property
    def alignment(self) -> Alignment:
        """What was done to the wet so that it lies on the dry."""
        return Alignment(latency=self.latency, drift_ppm=self.drift_ppm, takes=self.takes)


class Capture(BaseModel):
    """A recording and how it was divided.

    Attributes:
        recording: the files, their latency, the device and its knobs.
        split: spans in samples of the aligned recording at the model's rate.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recording: Recording
    split: Split
