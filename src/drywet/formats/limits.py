"""What the plugins' formats can hold, and what to do about a model that doesn't fit."""

from __future__ import annotations

from drywet.errors import DrywetError
from drywet.models.config import Config
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.recurrent.fold import FoldedNet
from drywet.models.stack.config import StackConfig
from drywet.words import with_article

_SAME = 1e-5  # of a skip that is 1 but for the rounding of two gains


def refuse(config: Config, target: str, able: str, instead: str) -> DrywetError:
    """The error for a kind of model that a format has no place for.

    Args:
        config: of the model.
        target: the format.
        able: what it holds.
        instead: what to do.
    """
    return DrywetError(f"{target} cannot hold {with_article(config.title)}", able, instead)


def require_recurrent(config: Config, target: str, able: str) -> RecurrentConfig:
    """A recurrent net's configuration.

    Raises:
        DrywetError: it is another kind of model.
    """
    if not isinstance(config, RecurrentConfig):
        raise refuse(config, target, able, "Train one: drywet train DRY WET --model recurrent.")
    return config


def require_cells(config: RecurrentConfig, target: str, cells: tuple[str, ...], able: str) -> None:
    """Refuse cells that a format doesn't know.

    Raises:
        DrywetError: the net's is none of them.
    """
    if config.cell not in cells:
        raise DrywetError(
            f"{target} knows no {config.cell.upper()} cell", able, f"Train with --cell {cells[0]}."
        )


def require_one_layer(config: RecurrentConfig, target: str, able: str) -> None:
    """Refuse more recurrent layers than one.

    Raises:
        DrywetError: there are more.
    """
    if config.layers != 1:
        raise DrywetError(
            f"{target} has no room for {config.layers} recurrent layers", able,
            "Train with --layers 1, and more units.",
        )  # fmt: skip


def require_no_skip(config: RecurrentConfig | StackConfig, target: str, able: str) -> None:
    """Refuse a skip.

    Raises:
        DrywetError: the net has one.
    """
    if config.skip:
        raise DrywetError(
            f"{target} has no input skip and this model was trained with one",
            able,
            "Train without --skip, or export it as aidax, onnx or c.",
        )


def require_no_knobs(config: Config, target: str, able: str) -> None:
    """Refuse knobs.

    Raises:
        DrywetError: the net has some.
    """
    if config.controls:
        raise DrywetError(
            f"{target} has no knobs and this model has {', '.join(config.controls)}",
            able,
            "Fix them at a position: "
            + " ".join(f"--{knob} ..." for knob in config.controls)
            + "; or choose a format with knobs: nam-knobs, onnx, c"
            + (", rtneural, aidax." if isinstance(config, RecurrentConfig) else "."),
        )


def require_plain_skip(net: FoldedNet, target: str) -> None:
    """Refuse a skip that adds anything else than the dry sample itself.

    Raises:
        DrywetError: it does.
    """
    if net.config.skip and abs(net.skip - 1) > _SAME:
        raise DrywetError(
            f"a skip that adds {net.skip:.3g} times the dry sample", f"1, as {target} adds it",
            "Train it again: this version of drywet keeps it at 1.",
        )  # fmt: skip
