"""Figures as SVG that takes on the page's colours, light or dark, and its font."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from drywet.figures import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What the figures draw with, and the page's variables that stand for it.
_VARIABLES = {
    canvas.DRY: "var(--quiet)",
    canvas.TARGET: "var(--target)",
    canvas.PREDICTION: "var(--prediction)",
    canvas.RESIDUAL: "var(--residual)",
}
_INK = "#010203"  # stands for the page's text, a colour that no figure uses


def svg(figure: Figure, name: str) -> str:
    """A figure as inline SVG.

    Args:
        figure: to be drawn; its texts and axes take the page's colour.
        name: what is unique to it on the page, for the names inside.
    """
    import matplotlib as mpl
    from matplotlib.text import Text

    settings: dict[Any, Any] = {
        "svg.fonttype": "none", "svg.hashsalt": name, "text.color": _INK,
        "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK, "axes.edgecolor": _INK,
    }  # fmt: skip
    figure.patch.set_alpha(0)
    for axes in figure.axes:
        axes.patch.set_alpha(0)
        for text in (axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label):  # type: ignore[attr-defined]
            text.set_color(_INK)
        axes.tick_params(colors=_INK, which="both", labelsize=8)
        for spine in axes.spines.values():
            spine.set_color(_INK)
    for text in figure.findobj(Text):
        if text.get_color() == "black":
            text.set_color(_INK)
    buffer = io.StringIO()
    with mpl.rc_context(settings):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r'<g id="[^"]*">', "<g>", text)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r"font-family:[^;\"]*|font: (\S+) [^;\"]*", _font, text)
    text = text.replace(_INK, "currentColor")
    for color, variable in _VARIABLES.items():
        text = text.replace(color, variable)
    return text


def _font(found: re.Match[str]) -> str:
    return f"font-size: {found[1]}" if found[1] else "font-family: inherit"
