"""What a model file says of the gear behind it: the fields of Neural Amp Modeler's metadata."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _printable(text: str) -> str:
    """Text from a file must not move the cursor."""
    if not text.isprintable():
        raise ValueError("text on one line")
    return text


Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
GearType = Literal["amp", "pedal", "pedal_amp", "amp_cab", "amp_pedal_cab", "preamp", "studio"]
ToneType = Literal["clean", "overdrive", "crunch", "hi_gain", "fuzz"]
Level = Annotated[float, Field(ge=-100, le=100)]


class Metadata(BaseModel):
    """Everything may be unknown.

    Attributes:
        name: of the model, for people.
        modeled_by: who made it.
        gear_type: what was modelled.
        gear_make: its maker.
        gear_model: its name.
        tone_type: how it sounds.
        input_level_dbu: of a sine whose peaks reach full scale at the input, in dBu.
        output_level_dbu: likewise at the output.
        esr: error-to-signal ratio of the model on audio held out of its training.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: Text | None = None
    modeled_by: Text | None = None
    gear_type: GearType | None = None
    gear_make: Text | None = None
    gear_model: Text | None = None
    tone_type: ToneType | None = None
    input_level_dbu: Level | None = None
    output_level_dbu: Level | None = None
    esr: Annotated[float, Field(ge=0)] | None = None
