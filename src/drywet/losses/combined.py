"""The loss of a run: a weighted sum of terms."""

from __future__ import annotations

from torch import Tensor, nn

from drywet.losses.config import LossConfig
from drywet.losses.terms import (
    NAM_PRE_EMPHASIS,
    DCLoss,
    ESRLoss,
    MAELoss,
    MRSTFTLoss,
    MSELoss,
)


class CombinedLoss(nn.Module):
    """Weighted sum of the terms of prediction and target that `LossConfig` names."""

    def __init__(self, config: LossConfig) -> None:
        super().__init__()
        weighed: list[tuple[float, nn.Module]] = [
            (config.esr, ESRLoss(config.pre_emphasis or 0.0)),
            (config.mae, MAELoss()),
            (config.dc, DCLoss()),
            (config.mrstft, MRSTFTLoss()),
            (config.mse, MSELoss()),
            (config.mse_pre, MSELoss(NAM_PRE_EMPHASIS)),
            (config.mrstft_pre, MRSTFTLoss(NAM_PRE_EMPHASIS)),
        ]
        self.weights = [weight for weight, _ in weighed if weight > 0]
        self.terms = nn.ModuleList(term for weight, term in weighed if weight > 0)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of ``(batch, samples, 1)`` tensors."""
        total = prediction.new_zeros(())
        for weight, term in zip(self.weights, self.terms, strict=True):
            total = total + weight * term(prediction, target)
        return total
