"""What a kind of model decides; a folder for each, gathered in `drywet.models.registry`.

A kind's folder holds

* ``config.py``: its settings, importable without PyTorch;
* ``net.py``: the model in PyTorch, for training;
* ``fold.py``: its weights with the gains folded in, where a format needs them so;
* ``player.py``: what plays it without PyTorch, where there is such a thing;
* ``kind.py``: the answers to all that is asked of a kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

from drywet.models.config import Config, Samples, Shape, Weights
from drywet.words import with_article

if TYPE_CHECKING:
    from drywet.models.base import EffectModel
    from drywet.models.player import Player

C = TypeVar("C", bound=Config)

GAINS: dict[str, Shape] = {"input_gain": (), "output_gain": ()}
"""Tensors that every model has."""


@dataclass(frozen=True)
class TrainingDefaults:
    """Settings of a training that were left open.

    Attributes:
        batch: windows per step.
        segment: samples of a window that are learned from.
        bptt: samples between weight updates; ``None`` for the segment.
        spectral_segment: ``segment`` where the loss needs spectra.
        spectral_bptt: ``bptt`` where the loss needs spectra.
        optimizer: what turns gradients into better weights.
        learning_rate: peak of the schedule.
        cycle_steps: steps of each cycle of the schedule, where no budget is given.
        restarts: how many seeds begin, where no budget is given.
        ends_on_treble: the last cycle is for the treble, where no budget is given.
        cleaning_steps: of the training in which a trained net's aliasing is minimised too.
        cleaning_bptt: ``bptt`` of it; ``None`` for the usual one.
        cleaning_rate: peak of its schedule.
        pre_emphasis: of an ESR that is minimised.
        nam_loss: which of the losses of Neural Amp Modeler's trainer ``--loss nam`` is.
    """

    batch: int = 16
    segment: int = 2048
    bptt: int | None = 512
    spectral_segment: int = 2048
    spectral_bptt: int | None = 2048
    optimizer: Literal["soap", "adam"] = "adam"
    learning_rate: float = 16e-3
    cycle_steps: tuple[int, ...] = (10_000,)
    restarts: int = 1
    ends_on_treble: bool = False
    cleaning_steps: int = 800
    cleaning_bptt: int | None = None
    cleaning_rate: float = 4e-3
    pre_emphasis: float = 0.0
    nam_loss: Literal["recurrent", "convolutional"] = "recurrent"


STATEFUL = TrainingDefaults(
    batch=64,
    segment=8192,
    optimizer="soap",
    learning_rate=32e-3,
    cycle_steps=(60, 120, 240, 480, 960),
    restarts=4,
    ends_on_treble=True,
    cleaning_steps=400,
    cleaning_bptt=2048,
    cleaning_rate=2e-3,
    pre_emphasis=0.5,
)
"""Of recurrent nets that keep their state, whose updates are the kernels' (docs/recipe.md)."""

STATE_SPACES = replace(STATEFUL, learning_rate=16e-3)
"""Of state-space layers, which learn a Big Muff worse at twice the rate."""

CONVOLUTIONAL = TrainingDefaults(
    batch=8, bptt=None, spectral_bptt=None, learning_rate=8e-3, nam_loss="convolutional"
)
"""Of nets that go through their whole receptive field for every window."""

WAVENETS = TrainingDefaults(
    batch=4,
    segment=8192,
    spectral_segment=8192,
    bptt=None,
    spectral_bptt=None,
    optimizer="soap",
    learning_rate=32e-3,
    cycle_steps=(120, 240, 480, 960),
    ends_on_treble=True,
    pre_emphasis=0.5,
    nam_loss="convolutional",
)
"""Of NAM's, whose updates are the kernels': long windows waste less on the past."""


class Kind(ABC, Generic[C]):
    """One kind of model.

    Attributes:
        config: class of its settings.
        training: how most of it is trained where the settings say nothing; ``None`` where it is
            not trained step by step.
        by_name: whether its name alone (``--model``) says what to train.
    """

    config: type[C]
    training: ClassVar[TrainingDefaults | None] = TrainingDefaults()
    by_name: ClassVar[bool] = True

    @abstractmethod
    def net_shapes(self, config: C) -> dict[str, Shape]:
        """Name and shape of every tensor that such a model is saved with, but the gains."""

    @abstractmethod
    def multiply_adds(self, config: C) -> int:
        """Multiplications with addition per output sample; activations come on top."""

    @abstractmethod
    def build(self, config: C) -> EffectModel:
        """An untrained model in PyTorch.

        Raises:
            DrywetError: a kind that drywet does not train.
        """

    @abstractmethod
    def engine(self, config: C) -> str:
        """What plays it: a target of the kernels, ``numpy``, ``onnxruntime`` or ``torch``."""

    @abstractmethod
    def player(self, config: C, weights: Weights, rate: int, graph: bytes) -> Player:
        """The fastest player on this machine; knobs are fixed beforehand.

        Args:
            config: of the model.
            weights: of the model.
            rate: in Hz.
            graph: of a kind that keeps one.
        """

    def copies(self, config: C, weights: Weights, rate: int, graph: bytes, count: int) -> Player:
        """Some copies of it, a stream each, for an oversampled model; the rest as `player`."""
        from drywet.models.player import PlayerCopies

        players = [self.player(config, weights, rate, graph) for _ in range(count)]
        return PlayerCopies(players)

    @abstractmethod
    def settled_state(
        self, config: C, weights: Weights, rate: int, positions: Mapping[str, float]
    ) -> list[Samples]:
        """The state after a second of silence, in which plugins start.

        Args:
            config: of the model.
            weights: of the model.
            rate: in Hz.
            positions: where each of its knobs stands, 0 to 1.

        Returns:
            In the order of the layers: ``(hidden,)`` for a recurrent layer's h and, of an LSTM,
            after it for its c, of a state-space layer for its real and imaginary parts;
            ``(channels, samples)`` for the past input of a convolution, the newest sample at the
            end. A convolution that looks back no sample has no state.

        Raises:
            DrywetError: a kind whose state is not known.
        """

    def defaults(self, config: C) -> TrainingDefaults:
        """How such a model is trained where the settings say nothing."""
        return self.training or TrainingDefaults()

    def trains_in_kernels(self, config: C) -> bool:
        """Whether the kernels, not PyTorch, do a training's work on the CPU here."""
        return False

    def require_trainable(self, config: C) -> None:
        """Refuse settings that drywet plays but does not train.

        Raises:
            ValueError: they are such.
        """
        if self.training is None:
            raise ValueError(f"{with_article(config.title)}, which drywet plays but does not train")

    def parameters(self, config: C) -> int:
        """Numbers that training may change: neither gains nor biases fixed at zero."""
        return sum(prod(shape) for shape in self.net_shapes(config).values())

    def ignoring_knobs(self, config: C, weights: Weights, names: Sequence[str]) -> Weights:
        """Weights with which some knobs, which never moved in training, do nothing."""
        return weights

    def with_knobs(
        self, config: C, weights: Weights, positions: Mapping[str, float]
    ) -> tuple[C, Weights]:
        """The same model without knobs, as it is with every knob at its position."""
        return config, weights
