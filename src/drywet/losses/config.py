"""What a run minimises, without PyTorch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class LossConfig(BaseModel):
    """Weights of the terms; a weight of 0 leaves the term out.

    Attributes:
        esr: weight of the error-to-signal ratio.
        pre_emphasis: its coefficient, 0 for none.
        mae: weight of the mean absolute error.
        dc: weight of the DC term.
        mrstft: weight of the multi-resolution STFT distance.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    esr: float = Field(default=1.0, ge=0)
    pre_emphasis: float = Field(default=0.0, ge=0, lt=1)
    mae: float = Field(default=0.0, ge=0)
    dc: float = Field(default=0.0, ge=0)
    mrstft: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _something_to_minimise(self) -> LossConfig:
        if not (self.esr or self.mae or self.dc or self.mrstft):
            raise ValueError("every loss weight is 0")
        return self
