"""What the page may ask for: checked before anything is done, an unknown key an error."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drywet.trained.metadata import Text

FileId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Knob = Annotated[float, Field(ge=-1000, le=1000, allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]{1,32}$")]
Knobs = Annotated[
    dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$")], Knob], Field(max_length=16)
]
Rate = Annotated[int, Field(ge=8_000, le=192_000)]
Latency = Annotated[int, Field(ge=-10_000_000, le=10_000_000)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pair(_Request):
    """A capture: two files that were dropped.

    Attributes:
        dry: id of the one into the device.
        wet: id of the one out of it.
        latency: samples, instead of the measured one.
        resample: bring a wet file of another rate to the dry one's.
        channel: of stereo files, from 1.
        resample_drift: resample the wet by the measured drift of the clocks.
        per_take: align joined takes each by itself.
    """

    dry: FileId
    wet: FileId
    latency: Latency | None = None
    resample: bool = False
    channel: Annotated[int, Field(ge=1, le=64)] | None = None
    resample_drift: bool = False
    per_take: bool = False


class Training(_Request):
    """A training: of a pair, or of one of the built-in circuits.

    Attributes:
        pair: the capture.
        device: name of a circuit.
        knobs: where its knobs stand.
        name: of what is learned.
        quality: how long to train.
        cpu: what the model may cost to play.
        plugin: what it is for.
        clean: then train on until it hardly aliases.
        force: go on past findings that allow it.
    """

    pair: Pair | None = None
    device: Name | None = None
    knobs: Knobs = {}
    name: Text
    quality: Literal["quick", "good", "best"] = "good"
    cpu: Literal["light", "normal", "heavy"] = "normal"
    plugin: Literal["any", "nam", "proteus"] = "any"
    clean: bool = False
    force: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Training:
        if (self.pair is None) == (self.device is None):
            raise ValueError("a pair or a device, one of them")
        return self


class Resuming(_Request):
    """Going on with a run.

    Attributes:
        longer: train a finished one on.
    """

    longer: bool = False


class Naming(_Request):
    """Another name for a run.

    Attributes:
        name: shown on the page and in the plugins.
    """

    name: Text


class Circuit(_Request):
    """A circuit to be played.

    Attributes:
        name: of it.
        rate: of what goes in and comes out, in Hz.
        factor: times which it runs.
        knobs: where they stand; those left out at their default.
    """

    name: Name
    rate: Rate
    factor: Literal[1, 2, 4, 8]
    knobs: Knobs = {}


class Oversampler(_Request):
    """The filters around a model.

    Attributes:
        rate: of the model, in Hz.
        factor: times which it runs.
    """

    rate: Rate
    factor: Literal[2, 4, 8]


class Listening(_Request):
    """A blind test that was taken.

    Attributes:
        runs: ids of those that were heard.
        trials: how many were to be answered, fixed beforehand.
        right: of them.
    """

    runs: Annotated[list[FileId], Field(min_length=1, max_length=24)]
    trials: Annotated[int, Field(ge=1, le=100)]
    right: Annotated[int, Field(ge=0, le=100)]

    @model_validator(mode="after")
    def _possible(self) -> Listening:
        if self.right > self.trials:
            raise ValueError("no more right answers than trials")
        return self


Score = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Sound = Annotated[str, Field(pattern=r"^(reference|low anchor|plain filter|[0-9a-f]{16})$")]


class Ranking(_Request):
    """A blind ranking that was taken.

    Attributes:
        capture: id of the audio that was heard.
        models: ids of the runs among the sounds.
        scores: of each sound: a run's id, or what stood hidden among them.
    """

    capture: FileId
    models: Annotated[list[FileId], Field(min_length=1, max_length=12)]
    scores: Annotated[dict[Sound, Score], Field(min_length=2, max_length=16)]

    @model_validator(mode="after")
    def _all_scored(self) -> Ranking:
        if not {"reference", *self.models} <= set(self.scores):
            raise ValueError("a score for every model and for the hidden reference")
        return self
