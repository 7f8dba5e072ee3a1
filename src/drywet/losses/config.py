"""What a run minimises, without PyTorch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class LossConfig(BaseModel):
    """Weights of the terms; a weight of 0 leaves the term out.

    Attributes:
        esr: weight of the error-to-signal ratio.
        pre_emphasis: its coefficient, 0 for none; ``None`` takes what suits the kind of model
            (`drywet.runs.config.Settings.minimised`).
        mae: weight of the mean absolute error.
        dc: weight of the DC term.
        mrstft: weight of the multi-resolution STFT distance.
        mse: weight of the mean squared error.
        mse_pre: weight of the mean squared error after ``1 - 0.85 z^-1``.
        mrstft_pre: weight of the multi-resolution STFT distance after the same.
        aliasing: weight of the aliasing-to-signal ratio of sines that the model plays by itself
            (`drywet.losses.aliasing`), beside the terms above.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    esr: float = Field(default=1.0, ge=0)
    pre_emphasis: float | None = Field(default=None, ge=0, lt=1)
    mae: float = Field(default=0.0, ge=0)
    dc: float = Field(default=0.0, ge=0)
    mrstft: float = Field(default=0.0, ge=0)
    mse: float = Field(default=0.0, ge=0)
    mse_pre: float = Field(default=0.0, ge=0)
    mrstft_pre: float = Field(default=0.0, ge=0)
    aliasing: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _something_to_minimise(self) -> LossConfig:
        weights = self.model_dump(exclude={"pre_emphasis", "aliasing"})
        if not any(weights.values()):
            raise ValueError("every loss weight is 0")
        return self

    @property
    def in_spectra(self) -> bool:
        """Whether a term needs spectra, and with them long pieces."""
        return bool(self.mrstft or self.mrstft_pre)

    @property
    def emphasised(self) -> bool:
        """Whether a term is taken after pre-emphasis, which costs a sample."""
        return bool(self.pre_emphasis or self.mse_pre or self.mrstft_pre)


NAM_CONVOLUTIONAL = LossConfig(esr=0, mse=1, mrstft_pre=2e-4)
"""What Neural Amp Modeler's trainer minimises for a WaveNet."""

NAM_RECURRENT = LossConfig(esr=0, mse=1, mse_pre=1)
"""What it minimises for an LSTM."""
