"""Differentiable loss terms.

Each takes ``prediction`` and ``target`` of shape ``(batch, samples, 1)`` and
returns a scalar tensor. The time-domain terms are the metrics themselves.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from drywet.metrics import stft
from drywet.metrics import time as metrics

NAM_PRE_EMPHASIS = 0.85
"""Coefficient of Neural Amp Modeler's trainer."""


def _emphasised(prediction: Tensor, target: Tensor, coefficient: float) -> tuple[Tensor, Tensor]:
    """Both after ``1 - c z^-1``; as they are where ``c`` is 0."""
    if not coefficient:
        return prediction, target
    first, second = (metrics.pre_emphasise(each, coefficient) for each in (prediction, target))
    return first, second


class ESRLoss(nn.Module):
    """Error-to-signal ratio over the batch, optionally pre-emphasised.

    Wright, Damskaegg and Valimaki, DAFx 2019; pre-emphasis: Wright and
    Valimaki, ICASSP 2020.

    Args:
        pre_emphasis: coefficient ``c`` of ``1 - c z^-1``; 0 for none.
    """

    def __init__(self, pre_emphasis: float = 0.0) -> None:
        super().__init__()
        self.pre_emphasis = pre_emphasis

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """ESR of the whole batch taken as one signal."""
        prediction, target = _emphasised(prediction, target, self.pre_emphasis)
        return cast(Tensor, metrics.esr(prediction, target))


class MAELoss(nn.Module):
    """Mean absolute error, the loss of the 2022 study."""

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Mean of ``|target - prediction|``."""
        return cast(Tensor, metrics.mae(prediction, target))


class MSELoss(nn.Module):
    """Mean squared error, optionally pre-emphasised: the loss of Neural Amp Modeler's trainer.

    Args:
        pre_emphasis: coefficient ``c`` of ``1 - c z^-1``; 0 for none.
    """

    def __init__(self, pre_emphasis: float = 0.0) -> None:
        super().__init__()
        self.pre_emphasis = pre_emphasis

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Mean of ``(target - prediction)²``."""
        prediction, target = _emphasised(prediction, target, self.pre_emphasis)
        return (prediction - target).square().mean()


class DCLoss(nn.Module):
    """Squared mean error over the target's power: Wright et al., DAFx 2019, eq. 6."""

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """DC error of the batch."""
        return cast(Tensor, metrics.dc(prediction, target))


class MRSTFTLoss(nn.Module):
    """Multi-resolution STFT distance: Yamamoto, Song and Kim, ICASSP 2020.

    The same resolutions and floor as `drywet.metrics.stft`.

    Args:
        pre_emphasis: coefficient ``c`` of ``1 - c z^-1``; 0 for none.
    """

    def __init__(self, pre_emphasis: float = 0.0) -> None:
        super().__init__()
        self.pre_emphasis = pre_emphasis

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Mean over the resolutions of spectral convergence and log-magnitude error."""
        prediction, target = _emphasised(prediction, target, self.pre_emphasis)
        total = prediction.new_zeros(())
        for fft, hop, window in stft.RESOLUTIONS:
            got = self._magnitudes(prediction[..., 0], fft, hop, window)
            want = self._magnitudes(target[..., 0], fft, hop, window)
            total = total + torch.linalg.norm(want - got) / torch.linalg.norm(want)
            total = total + (want.log() - got.log()).abs().mean()
        return total / len(stft.RESOLUTIONS)

    @staticmethod
    def _magnitudes(samples: Tensor, fft: int, hop: int, window: int) -> Tensor:
        spectrum = torch.stft(
            samples,
            fft,
            hop,
            window,
            torch.hann_window(window, device=samples.device, dtype=samples.dtype),
            return_complex=True,
            pad_mode="reflect",
        )
        power = spectrum.real**2 + spectrum.imag**2
        return power.clamp(min=stft.POWER_FLOOR).sqrt()
