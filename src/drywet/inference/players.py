"""What runs a model: the compiled kernels where there are any, NumPy for a filter, else PyTorch.

A player keeps the state of one stream. It starts from settled silence: a second of it, as the
plugins start (NAM's trainer and Core).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drywet.kernels.choice import choice
from drywet.models.config import AnyConfig, LinearConfig, RecurrentConfig, WindowedConfig
from drywet.models.onnx_config import OnnxConfig
from drywet.models.wavenet_config import WaveNetConfig
from drywet.runs.folded import FoldedNet, fold
from drywet.runs.folded_wavenet import fold_wavenet
from drywet.runs.knobs import at_knobs
from drywet.runs.model_file import TrainedModel

if TYPE_CHECKING:
    from drywet.models.base import EffectModel

Samples = NDArray[np.float32]

_LONG = 1024  # taps beyond which a filter is faster by FFT


class Player(ABC):
    """One mono stream through a model."""

    @abstractmethod
    def process(self, block: Samples) -> Samples:
        """Play the next ``(samples,)``, at least one; returns as many."""

    @abstractmethod
    def reset(self) -> None:
        """Go back to settled silence."""


def kernel_parameters(net: FoldedNet) -> list[Samples]:
    """A folded net's arrays in the order in which the kernels take them."""
    parameters = [
        np.ascontiguousarray(part)
        for layer in net.layers
        for part in (layer.input, layer.hidden, layer.input_bias, layer.hidden_bias)
    ]
    return [*parameters, net.head[None], np.array([net.head_bias], np.float32)]


class _NativePlayer(Player):
    """A stream of the kernels, which does not allocate; its output does."""

    _stream: Any

    def process(self, block: Samples) -> Samples:
        """See `Player`."""
        out = np.empty(len(block), np.float32)
        self._stream.process(np.ascontiguousarray(block), out)
        return out

    def reset(self) -> None:
        """See `Player`."""
        self._stream.reset()


class KernelPlayer(_NativePlayer):
    """A recurrent net in the streaming kernel."""

    def __init__(self, trained: TrainedModel, config: RecurrentConfig, target: str) -> None:
        from drywet.kernels import _native

        net = fold(trained, config)
        self._stream = _native.Stream(target, config.cell, net.skip, kernel_parameters(net))
        self._stream.settle(trained.card.rate)
        self._stream.mark()


class _FramePlayer(Player):
    """A model of finite memory: the last ``context`` samples are its state."""

    def __init__(self, context: int) -> None:
        self._heard = np.zeros(context, np.float32)

    def process(self, block: Samples) -> Samples:
        """See `Player`."""
        joined = np.concatenate((self._heard, block))
        self._heard = joined[len(joined) - len(self._heard) :]
        return self._play(joined)

    @abstractmethod
    def _play(self, joined: Samples) -> Samples:
        """Outputs for all samples but the context in front."""

    def reset(self) -> None:
        """See `Player`."""
        self._heard = np.zeros_like(self._heard)


class FilterPlayer(_FramePlayer):
    """The linear model."""

    def __init__(self, trained: TrainedModel, config: LinearConfig) -> None:
        super().__init__(config.taps - 1)
        gain = trained.weights["input_gain"] * trained.weights["output_gain"]
        self._taps = trained.weights["taps"] * gain
        bias = trained.weights.get("bias", np.zeros(1, np.float32))
        self._bias = bias * trained.weights["output_gain"]

    def _play(self, joined: Samples) -> Samples:
        if len(self._taps) > _LONG:
            from scipy.signal import oaconvolve

            y = oaconvolve(joined.astype(np.float64), self._taps, mode="valid")
        else:
            y = np.convolve(joined, self._taps, mode="valid")
        return np.asarray(y + self._bias, np.float32)


class WaveNetPlayer(_NativePlayer):
    """A WaveNet in the streaming kernel."""

    def __init__(self, trained: TrainedModel, config: WaveNetConfig, target: str) -> None:
        from drywet.kernels import _native

        weights = fold_wavenet(trained, config)
        flat = np.concatenate([part.ravel() for part in weights.values()])
        self._stream = _native.WaveNet(target, _arrays(config), flat)


def _arrays(config: WaveNetConfig) -> list[tuple[Any, ...]]:
    """A WaveNet's sizes as the kernel takes them."""
    inputs = [1, *(array.channels for array in config.arrays)]
    return [
        (
            before, array.channels, array.bottleneck, array.head, array.head_kernel,
            array.head_bias, array.residual, array.layer_head,
            [
                (
                    layer.kernel, layer.dilation, layer.activation.name, layer.activation.slope,
                    layer.gating, layer.gate.name, layer.gate.slope,
                )
                for layer in array.layers
            ],
        )
        for before, array in zip(inputs, config.arrays, strict=False)
    ]  # fmt: skip


class WindowPlayer(_FramePlayer):
    """A windowed recurrent net: its frames side by side in the kernel's lanes."""

    def __init__(self, trained: TrainedModel, config: WindowedConfig, target: str) -> None:
        super().__init__(config.frame - 1)
        self._config, self._target, self._gain = config, target, trained.weights["output_gain"]
        weights = trained.weights
        names = [
            f"net.{part}_l{i}"
            for i in range(config.layers)
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        self._parameters = [weights[name] for name in (*names, "head.weight", "head.bias")]
        self._input_gain = weights["input_gain"]

    def _play(self, joined: Samples) -> Samples:
        from drywet.kernels import _native

        y = np.empty((1, len(joined) - len(self._heard)), np.float32)
        _native.play_frames(
            self._target, self._config.cell, self._parameters, self._config.frame,
            (joined * self._input_gain)[None], y, 1,
        )  # fmt: skip
        return np.asarray(y[0] * self._gain, dtype=np.float32)


class TorchPlayer(Player):
    """Any model, by PyTorch."""

    def __init__(self, model: EffectModel, rate: int) -> None:
        self._model = model.eval()
        self._start = model.settled_state(1, rate)
        self._state = self._start

    def process(self, block: Samples) -> Samples:
        """See `Player`."""
        import torch

        from drywet.models.threads import one_thread

        x = torch.from_numpy(np.ascontiguousarray(block))
        with torch.no_grad(), one_thread():
            y, self._state = self._model(x[None, :, None], self._state)
        return np.asarray(y[0, :, 0].numpy(), dtype=np.float32)

    def reset(self) -> None:
        """See `Player`."""
        self._state = self._start


def player(trained: TrainedModel) -> Player:
    """The fastest player for a model on this machine; knobs stand at noon."""
    trained = at_knobs(trained)
    config, target = trained.card.model, choice().target
    if isinstance(config, LinearConfig):
        return FilterPlayer(trained, config)
    if isinstance(config, OnnxConfig):
        from drywet.inference.onnx_player import OnnxPlayer

        return OnnxPlayer(trained, config)
    if target is not None and _in_kernels(config):
        match config:
            case RecurrentConfig():
                return KernelPlayer(trained, config, target)
            case WindowedConfig():
                return WindowPlayer(trained, config, target)
            case WaveNetConfig():
                return WaveNetPlayer(trained, config, target)
    return TorchPlayer(trained.model, trained.card.rate)


def engine(trained: TrainedModel) -> str:
    """What `player` runs a model with: a target of the kernels, ``numpy``, ``onnxruntime`` or
    ``torch``.
    """
    config, target = trained.card.model, choice().target
    if isinstance(config, LinearConfig):
        return "numpy"
    if isinstance(config, OnnxConfig):
        return "onnxruntime"
    return target if target is not None and _in_kernels(config) else "torch"


def _in_kernels(config: AnyConfig) -> bool:
    """Whether the kernels know such a net."""
    if isinstance(config, WaveNetConfig):
        layers = [layer for array in config.arrays for layer in array.layers]
        used = {a.name for layer in layers for a in (layer.activation, layer.gate)}
        return not used & {"elu", "softmax"}
    return isinstance(config, RecurrentConfig) or (
        isinstance(config, WindowedConfig) and config.cell != "dense"
    )
