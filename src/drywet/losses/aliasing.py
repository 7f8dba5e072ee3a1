"""The aliasing of a net as a term of its loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_SILENT = 1e-12  # power below which a net says nothing


class AliasingLoss(nn.Module):
    """Aliasing-to-signal ratios of settled sines: `drywet.metrics.aliasing`, differentiable.

    The ratio of Sato and Smith, "Aliasing reduction in neural amp modeling by smoothing
    activations", 2025. The harmonics are not held to anything, only what is between them to
    silence; the signal's own energy takes no part in the gradient, or a net would rather play
    louder than cleaner.
    """

    def forward(self, frames: Tensor, harmonic: Tensor) -> Tensor:
        """The ratio of each sine, ``(batch,)``.

        Args:
            frames: one period-true frame of each output, ``(batch, length, 1)``.
            harmonic: bins that a harmonic falls on, DC left out: ``(batch, length // 2)``.
        """
        spectra = torch.fft.rfft(frames[..., 0], norm="forward")[:, 1:]
        power = spectra.real.square() + spectra.imag.square()
        signal = torch.where(harmonic, power, 0.0).sum(1).detach()
        aliases = torch.where(harmonic, 0.0, power).sum(1)
        ratios: Tensor = aliases / (signal + _SILENT)
        return ratios
