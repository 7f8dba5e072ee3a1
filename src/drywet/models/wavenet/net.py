"""The WaveNet of Neural Amp Modeler, for training and for machines without kernels.

Every call goes through the whole receptive field before its block, as NAM's trainer does, so that
gradients reach all of it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from drywet.kernels import wavenet_training
from drywet.models.base import EffectModel, State, remembered
from drywet.models.functions import apply
from drywet.models.wavenet.config import (
    HEAD_SCALE,
    WaveNetArray,
    WaveNetConfig,
    WaveNetLayer,
    wavenet_shapes,
)
from drywet.models.wavenet.kind import runs_in_kernels
from drywet.models.wavenet.player import sizes


class _Layer(nn.Module):
    def __init__(self, array: WaveNetArray, config: WaveNetLayer, condition: int) -> None:
        super().__init__()
        inside = array.bottleneck
        made = inside if config.gating == "none" else 2 * inside
        self.config, self._inside = config, inside
        self.conv = nn.Conv1d(array.channels, made, config.kernel, dilation=config.dilation)
        self.mixer = nn.Conv1d(condition, made, 1, bias=False)
        self.residual = nn.Conv1d(inside, array.channels, 1) if array.residual else None
        self.head = nn.Conv1d(inside, array.layer_head, 1) if array.layer_head else None

    def forward(self, x: Tensor, condition: Tensor, wanted: int) -> tuple[Tensor, Tensor]:
        """The next layer's input, and the last ``wanted`` samples of this one's part of the head.

        Args:
            x: ``(batch, channels, samples)``.
            condition: the dry signal and the knobs, ``(batch, 1 + knobs, samples or more)``, ending
                with ``x``.
            wanted: samples.
        """
        z = self.conv(x)
        z = z + self.mixer(condition[..., condition.shape[-1] - z.shape[-1] :])
        z = self._activated(z)
        part = z[..., z.shape[-1] - wanted :]
        x = x[..., x.shape[-1] - z.shape[-1] :]
        if self.residual is not None:
            x = x + self.residual(z)
        return x, part if self.head is None else self.head(part)

    def _activated(self, z: Tensor) -> Tensor:
        config = self.config
        if config.gating == "none":
            return apply(config.activation, z, 1)
        first, second = z[:, : self._inside], z[:, self._inside :]
        active, gate = apply(config.activation, first, 1), apply(config.gate, second, 1)
        return gate * active if config.gating == "gated" else gate * active + (1 - gate) * first


class _Array(nn.Module):
    def __init__(self, inputs: int, config: WaveNetArray, condition: int) -> None:
        super().__init__()
        self.rechannel = nn.Conv1d(inputs, config.channels, 1, bias=False)
        self.layers = nn.ModuleList(_Layer(config, layer, condition) for layer in config.layers)
        self.head = nn.Conv1d(
            config.collected, config.head, config.head_kernel, bias=config.head_bias
        )
        self._memory = config.memory
        self._kernel = config.head_kernel

    def forward(self, x: Tensor, condition: Tensor, seed: Tensor | None) -> tuple[Tensor, Tensor]:
        """The next array's input and head.

        Args:
            x: ``(batch, inputs, samples)``.
            condition: the same samples of the dry signal and the knobs.
            seed: the head of the array before.
        """
        after = x.shape[-1] - self._memory
        wanted = after + self._kernel - 1
        head = None if seed is None else seed[..., seed.shape[-1] - wanted :]
        x = self.rechannel(x)
        for layer in self.layers:
            x, part = layer(x, condition, wanted)
            head = part if head is None else head + part
        return x[..., x.shape[-1] - after :], self.head(head)


class WaveNetModel(EffectModel):
    """See `WaveNetConfig`. The state is what came in at the last ``receptive_field - 1`` samples.

    Attributes:
        sizes: of the arrays, as the kernels know them.
        trains_in_kernels: whether they can run it here, and back.
    """

    config: WaveNetConfig
    head_scale: Tensor
    # As captures for NAM are: its small head_scale is made for such levels.
    input_rms = 0.2
    output_rms = 0.2

    def __init__(self, config: WaveNetConfig) -> None:
        super().__init__()
        self.config = config
        self.receptive_field = config.receptive_field
        self.warm_up = config.receptive_field - 1
        condition = 1 + len(config.knobs)
        inputs = [condition, *(array.channels for array in config.arrays)]
        self.arrays = nn.ModuleList(
            _Array(before, array, condition)
            for before, array in zip(inputs, config.arrays, strict=False)
        )
        self.sizes = sizes(config)
        self.trains_in_kernels = runs_in_kernels(config)
        names = [name for name in wavenet_shapes(config) if name != "head_scale"]
        self._ordered = [self.get_parameter(name) for name in names]  # asked for at every step
        scale = HEAD_SCALE["a2" if config.arrays[0].head_kernel > 1 else "a1"]
        self.register_buffer("head_scale", torch.tensor(scale))

    def core(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """In the kernels where they can, else array after array."""
        joined = torch.cat((state[0], x), dim=1).transpose(1, 2)
        if self.trains_in_kernels and wavenet_training.takes(joined) and len(x):
            y = wavenet_training.run(self.sizes, x.shape[1], joined, self.flat_weights())
            return y[..., None], remembered(x, state)
        between, head = joined, None
        for array in self.arrays:
            condition = joined[..., joined.shape[-1] - between.shape[-1] :]
            between, head = array(between, condition, head)
        assert head is not None
        return (head * self.head_scale).transpose(1, 2), remembered(x, state)

    def ordered_weights(self) -> list[nn.Parameter]:
        """All weights but the head's scale, in the order in which a ``.nam`` lists them."""
        return self._ordered

    def flat_weights(self) -> Tensor:
        """All weights in a row, the head's scale last."""
        weights = [weight.reshape(-1) for weight in self.ordered_weights()]
        return torch.cat([*weights, self.head_scale.reshape(1)])

    def state_after(self, x: Tensor) -> State:
        """The last samples are the state: nothing need be convolved."""
        return remembered(self.scaled(x), self.init_state(len(x)))

    def init_state(self, batch: int) -> State:
        """Zeros."""
        shape = (batch, self.warm_up, 1 + len(self.config.knobs))
        return (torch.zeros(shape, device=self.input_gain.device),)
