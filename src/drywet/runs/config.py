"""Everything that defines a run, as written to ``config.json``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drywet.data.split import Deal
from drywet.dsp.tone_stack import ToneStack
from drywet.errors import DrywetError
from drywet.losses.config import NAM_CONVOLUTIONAL, NAM_RECURRENT, LossConfig
from drywet.metrics.stft import MIN_SAMPLES
from drywet.models.config import MOST_KNOBS
from drywet.models.kind import TrainingDefaults
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import KINDS, ModelConfig, kind_of
from drywet.pair.alignment import Mending
from drywet.runs.capture import Capture
from drywet.trained.knob_range import KnobRange
from drywet.trained.metadata import Text

Select = Literal["esr", "esr_pre", "mrstft", "composite"]
"""The validation score by which the best weights are chosen."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


_Seconds = Annotated[float, Field(ge=0, le=1_000_000)]
_Epochs = Annotated[float, Field(gt=0, le=1_000_000)]
_Ratio = Annotated[float, Field(ge=0, le=1)]


class CaptureConfig(_Strict):
    """How two files become a pair at the model's rate.

    Attributes:
        channel: 1-based channel of multi-channel files.
        resample: bring a wet file of another rate to the dry one's.
        latency: samples at the files' rate, of the first take, once the drift is mended;
            ``None`` measures it.
        resample_drift: resample the wet by the measured drift of the clocks.
        per_take: align joined takes each by itself.
        margin: samples at the model's rate by which the model's output lags the
            dry signal, so that it is never asked for what has not yet come in.
        rate: of the model in Hz; ``None`` takes the files'.
        test: seconds ``(start, stop)`` held out for the test; ``None`` deals blocks.
        deal: how blocks are dealt, ``spread`` evenly or at ``random`` (`drywet.data.split`).
        train_seconds: learn from so much of the training audio only.
        positions: of captures with knobs, learn from the first so many positions only.
        force: train past findings that can be trained past.
    """

    channel: int | None = Field(default=None, ge=1, le=1024)
    resample: bool = False
    latency: int | None = Field(default=None, ge=-10_000_000, le=10_000_000)
    resample_drift: bool = False
    per_take: bool = False
    margin: int = Field(default=1, ge=0, le=4096)
    rate: int | None = Field(default=None, ge=1_000, le=768_000)
    test: tuple[_Seconds, _Seconds | None] | None = None
    deal: Deal = "spread"
    train_seconds: float | None = Field(default=None, gt=0, le=1_000_000)
    positions: int | None = Field(default=None, ge=2, le=256)
    force: bool = False

    @property
    def mending(self) -> Mending:
        """What is done about a delay that does not stay."""
        return Mending(drift=self.resample_drift, takes=self.per_take)


class TrainingConfig(_Strict):
    """How the net is trained.

    Attributes:
        batch: windows per step; ``None`` takes 64, for windowed nets 16, WaveNets 4, stacks 8.
        segment: samples of a window that are learned from; ``None`` takes 8192, with an MR-STFT
            term (but for WaveNets) and for stacks 2048, for windowed nets, which go through a
            frame for each, 128.
        warm_up: samples before them that only settle the state; ``None`` takes
            the model's own.
        bptt: samples between weight updates, and the reach of the gradient; ``None``
            takes 512, or 2048 where the loss needs spectra; for WaveNets and stacks the segment.
        optimizer: ``soap`` (`drywet.optimizers.soap`) or ``adam``, which with decay is AdamW;
            ``None`` takes soap for recurrent nets that keep their state and WaveNets, else adam.
        learning_rate: peak of the cosine schedule; ``None`` takes 0.032, for state-space
            layers and windowed nets 0.016, for stacks 0.008; a quarter of it where a model is
            trained further.
        final_rate: its end, as a share of the peak.
        weight_decay: of AdamW.
        clip: largest norm of the gradient.
        epochs: budget in passes over the training audio.
        seconds: budget in seconds of training.
        until_esr: stop once the validation ESR is at most this.
        select: the validation score by which the best weights are chosen.
        patience: stop after so many validations without a better score.
        examples: learn from so many windows, drawn once, over and over; ``None`` draws fresh
            ones for every step.
        cycles: of the schedule, at most, where no budget is given: each is twice as long as the one
            before; ``None`` takes 5 for recurrent nets that keep their state, 4 for WaveNets,
            else 1.
        longer: times that it was trained on after it had finished (``--resume RUN --longer``): each
            is one more cycle, twice as long as the last, with a budget as long as all before.
        milestones: epochs at which the weights are kept as they are then, beside the best.
        validate_every: steps between validations; ``None`` keeps them cheap.
        restarts: seeds that begin, of which the better half goes on after each cycle of the
            schedule (`drywet.training.cycles`); ``None`` takes 4 for recurrent nets that keep their
            state and have no budget, else 1.
        seed: of the first one's weights, and of the windows drawn.
        compute: where: ``cpu``, ``cuda``, ``mps`` or ``auto``.
        threads: of the CPU; ``None`` takes one per core, or one where PyTorch runs the nets.
    """

    batch: int | None = Field(default=None, ge=1, le=65_536)
    segment: int | None = Field(default=None, ge=1, le=1 << 22)
    warm_up: int | None = Field(default=None, ge=0, le=1 << 22)
    bptt: int | None = Field(default=None, ge=1, le=1 << 22)
    optimizer: Literal["soap", "adam"] | None = None
    learning_rate: float | None = Field(default=None, gt=0, le=10)
    final_rate: float = Field(default=0.0, ge=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0, le=10)
    clip: float = Field(default=1.0, gt=0)
    epochs: float | None = Field(default=None, gt=0, le=1_000_000)
    seconds: float | None = Field(default=None, gt=0, le=10_000_000)
    until_esr: float | None = Field(default=None, gt=0)
    select: Select = "esr"
    patience: int | None = Field(default=None, ge=1)
    examples: int | None = Field(default=None, ge=1, le=1 << 30)
    cycles: int | None = Field(default=None, ge=1, le=16)
    longer: int = Field(default=0, ge=0, le=16)
    milestones: tuple[_Epochs, ...] = Field(default=(), max_length=100)
    validate_every: int | None = Field(default=None, ge=1)
    restarts: int | None = Field(default=None, ge=1, le=16)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    compute: Literal["cpu", "cuda", "mps", "auto"] = "cpu"
    threads: int | None = Field(default=None, ge=1, le=1024)

    @model_validator(mode="before")
    @classmethod
    def _of_version_0_1(cls, given: Any) -> Any:
        """``compute`` was ``device`` in the files of version 0.1."""
        if isinstance(given, dict) and "device" in given and "compute" not in given:
            return {"compute" if key == "device" else key: given[key] for key in given}
        return given


class Settings(_Strict):
    """What a user chooses; ``--config`` reads a file of this form."""

    model: ModelConfig = Field(default_factory=RecurrentConfig)
    loss: LossConfig = LossConfig()
    training: TrainingConfig = TrainingConfig()
    capture: CaptureConfig = CaptureConfig()

    @property
    def minimised(self) -> LossConfig:
        """The loss with its pre-emphasis; none where an update learns from single samples."""
        if self.loss.pre_emphasis is not None:
            return self.loss
        found = self._defaults.pre_emphasis if self.loss.esr and not self._single_samples else 0.0
        return self.loss.model_copy(update={"pre_emphasis": found})

    @property
    def _single_samples(self) -> bool:
        learned = min(self.bptt, self.segment)
        return learned == 1 or self.segment % learned == 1

    @property
    def segment(self) -> int:
        """Samples of a window that are learned from."""
        if self.training.segment is not None:
            return self.training.segment
        defaults = self._defaults
        return defaults.spectral_segment if self.loss.in_spectra else defaults.segment

    @property
    def batch(self) -> int:
        """Windows per step."""
        if self.training.batch is not None:
            return self.training.batch
        return self._defaults.batch

    @property
    def bptt(self) -> int:
        """Samples between weight updates."""
        if self.training.bptt is not None:
            return self.training.bptt
        defaults = self._defaults
        chosen = defaults.spectral_bptt if self.loss.in_spectra else defaults.bptt
        return self.segment if chosen is None else chosen

    @property
    def optimizer(self) -> Literal["soap", "adam"]:
        """What turns gradients into better weights."""
        return self.training.optimizer or self._defaults.optimizer

    @property
    def learning_rate(self) -> float:
        """Peak of the cosine schedule."""
        if self.training.learning_rate is not None:
            return self.training.learning_rate
        return self._defaults.learning_rate

    @property
    def restarts(self) -> int:
        """Seeds that begin."""
        training = self.training
        if training.restarts is not None:
            return training.restarts
        given = training.epochs is not None or training.seconds is not None
        return 1 if given or training.milestones else self._defaults.restarts

    @property
    def cycle_steps(self) -> tuple[int, ...]:
        """Steps of each cycle of the schedule before the last, where no budget is given."""
        return self._all_cycles[:-1] if self.treble_steps else self._all_cycles

    @property
    def treble_steps(self) -> int:
        """Steps of the last cycle where it is for the treble, else 0.

        It is where neither loss nor goal nor budget is given (`drywet.training.treble`).
        """
        training = self.training
        given = (training.epochs, training.seconds, training.until_esr, training.patience)
        left_open = (
            all(each is None for each in given)
            and training.select == "esr"
            and self.loss == LossConfig()
            and not self._single_samples
        )
        wanted = self._defaults.ends_on_treble and left_open and len(self._all_cycles) > 1
        return self._all_cycles[-1] if wanted else 0

    @property
    def most_cycles(self) -> int:
        """Cycles of the schedule, where no budget is given."""
        return len(self._all_cycles)

    @property
    def _all_cycles(self) -> tuple[int, ...]:
        first = self._defaults.cycle_steps
        count = (self.training.cycles or len(first)) + self.training.longer
        more = (first[-1] * 2 ** (i + 1) for i in range(count - len(first)))
        return (*first, *more)[:count]

    @property
    def _defaults(self) -> TrainingDefaults:
        return kind_of(self.model).defaults(self.model)

    @model_validator(mode="after")
    def _one_start_where_it_is_followed(self) -> Settings:
        if self.training.milestones and self.restarts > 1:
            raise ValueError("milestones are kept of a training without restarts")
        return self

    @model_validator(mode="after")
    def _trainable(self) -> Settings:
        kind_of(self.model).require_trainable(self.model)
        return self

    @model_validator(mode="after")
    def _room_in_every_piece(self) -> Settings:
        learned = min(self.bptt, self.segment)
        left = self.segment % learned
        if self.loss.emphasised and self._single_samples:
            raise ValueError("pre-emphasis needs more than one sample per weight update")
        least = MIN_SAMPLES + bool(self.loss.mrstft_pre)
        if self.loss.in_spectra and (learned < least or 0 < left < least):
            raise ValueError(
                f"the MR-STFT loss needs a segment and a bptt of at least {least} samples, "
                "the one a multiple of the other"
            )
        return self


def named_loss(name: str, kind: str) -> dict[str, float]:
    """The weights of a loss that has a name: ``esr``, or ``nam`` for that of NAM's trainer.

    Args:
        name: of the loss.
        kind: of model: NAM has one for convolutions and one for recurrent nets.

    Raises:
        DrywetError: another name.
    """
    if name == "esr":
        return {}
    if name == "nam":
        defaults = KINDS[kind].training if kind in KINDS else None
        convolutional = defaults is not None and defaults.nam_loss == "convolutional"
        chosen = NAM_CONVOLUTIONAL if convolutional else NAM_RECURRENT
        return chosen.model_dump(exclude_defaults=True)
    raise DrywetError(f"--loss {name}", "esr or nam", "Other weights go into --config.")


class RunConfig(_Strict):
    """The whole of ``config.json``.

    Attributes:
        settings: what the user chose, defaults filled in.
        captures: what it was trained on, one or more.
        rate: of the model, in Hz.
        output_latency: samples at ``rate`` by which its output lags its input.
        trained_peak_dbfs: peak of the dry signal in the training spans.
        threads: of the CPU; a resumed run uses as many.
        versions: of drywet and what computes for it.
        machine: where it ran.
        created: UTC, ISO 8601.
        start: the model that is trained further, where one is.
        cleans: it is trained further to alias less (`drywet.clean`).
        name: of what was learned, shown by the plugins.
        knobs: of the device, in the units of the captures' positions.
        tone_stack: by which captures at further positions of the tone controls were made.
        filters: knobs that are filters behind the distortion, by which captures at further
            positions of them were made; of each the ESR that no filter explains.
    """

    settings: Settings
    captures: tuple[Capture, ...] = Field(min_length=1, max_length=4096)
    rate: int = Field(ge=1_000, le=768_000)
    output_latency: int = Field(ge=0, le=4096)
    trained_peak_dbfs: float | None = None
    threads: int = Field(ge=1, le=1024)
    versions: dict[str, str]
    machine: dict[str, str]
    created: str
    start: str | None = None
    cleans: bool = False
    name: Text | None = None
    knobs: tuple[KnobRange, ...] = Field(default=(), max_length=MOST_KNOBS)
    tone_stack: ToneStack | None = None
    filters: dict[str, _Ratio] = Field(default_factory=dict, max_length=MOST_KNOBS)

    @model_validator(mode="before")
    @classmethod
    def _of_version_0_1(cls, given: Any) -> Any:
        """A run was one capture in version 0.1, its parts beside the settings."""
        if not isinstance(given, dict) or not {"recording", "split"} & set(given):
            return given
        parts = dict(given)
        capture = {name: parts.pop(name) for name in ("recording", "split") if name in parts}
        if "heard_peak_dbfs" in parts:
            parts["trained_peak_dbfs"] = parts.pop("heard_peak_dbfs")
        return parts | {"captures": [capture]}

    @model_validator(mode="before")
    @classmethod
    def _before_there_was_a_choice_of_optimizer(cls, given: Any) -> Any:
        """Adam, and the defaults that went with it."""
        settings = given.get("settings") if isinstance(given, dict) else None
        if not isinstance(settings, dict):
            return given
        training, model = settings.get("training"), settings.get("model")
        if not isinstance(training, dict) or "optimizer" in training:
            return given
        then: dict[str, Any] = {"optimizer": "adam", "restarts": 1}
        if isinstance(model, dict) and model.get("kind", "recurrent") == "recurrent":
            then |= {"batch": 16, "learning_rate": 16e-3}
        chosen = {name: value for name, value in training.items() if value is not None}
        return given | {"settings": settings | {"training": training | then | chosen}}

    @model_validator(mode="after")
    def _of_the_same_knobs(self) -> RunConfig:
        names = tuple(knob.name for knob in self.knobs)
        if names and names != self.settings.model.controls:
            raise ValueError("other knobs than the model's")
        for capture in self.captures:
            if any(name not in capture.recording.knobs for name in names):
                raise ValueError("a capture without the positions of its knobs")
        if self.tone_stack is not None and not self.tone_stack.is_valid:
            raise ValueError("a tone stack of other numbers than drywet writes")
        if not set(names).issuperset(self.filters):
            raise ValueError("a filter of a knob that is not there")
        if not any(capture.split.train for capture in self.captures):
            raise ValueError("no capture to learn from")
        return self

    @property
    def capture(self) -> Capture:
        """The first capture: of a model without knobs, the only one."""
        return self.captures[0]

    def positions(self, number: int) -> dict[str, float]:
        """Where the model's knobs stood in a capture, in their own units."""
        stood = self.captures[number].recording.knobs
        return {knob.name: stood[knob.name] for knob in self.knobs}

    def shares(self, number: int) -> tuple[float, ...]:
        """The same as the net sees it, 0 to 1."""
        stood = self.positions(number)
        return tuple(knob.share(stood[knob.name]) for knob in self.knobs)

    @property
    def held_out(self) -> tuple[int, ...]:
        """Captures that were not learned from at all, by number."""
        return tuple(i for i, one in enumerate(self.captures) if not one.split.train)
