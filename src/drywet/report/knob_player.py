"""A model with knobs inside the page, to be turned while it plays: drywet's own kernels play it."""

from __future__ import annotations

import base64
from importlib.resources import files
from typing import Any

from drywet.browser import playable
from drywet.dsp.levels import loudest_excerpt, peak
from drywet.inference.stream import predict
from drywet.report.contender import Contender
from drywet.report.sound import sound
from drywet.trained.knob_range import KnobRange
from drywet.trained.knobs import with_knobs
from drywet.words import number, positions

_SECONDS = 8.0
_PEAK = 0.8  # of the loudest recorded position
_MOST_POSITIONS = 24


def knob_player(run: Contender) -> dict[str, Any] | None:
    """What the page needs to play a run's model with its knobs; ``None`` of one without any.

    Args:
        run: on the page.
    """
    trained, recorded = run.turnable, run.evaluation.positions
    if trained is None or not recorded:
        return None
    rate = trained.card.rate
    dry = run.dry[loudest_excerpt(run.dry, int(_SECONDS * rate))]
    recorded = sorted(recorded, key=lambda one: not one.held_out)[:_MOST_POSITIONS]
    loudest = max(peak(predict(with_knobs(trained, one.knobs), dry)) for one in recorded)
    ranges = trained.card.ranges
    browser = files("drywet.browser")
    packed = sound("", "", dry, dry, rate)
    return {
        "seconds": f"{len(dry) / rate:.0f}",
        "knobs": [_knob(knob, recorded[0].knobs[name]) for name, knob in ranges.items()],
        "positions": [
            {
                "label": positions(one.knobs),
                "esr": number(one.esr, 2),
                "held_out": one.held_out,
                "shares": [knob.share(one.knobs[name]) for name, knob in ranges.items()],
            }
            for one in recorded
        ],
        "data": {
            "model": playable.model(trained), "dry": packed.data, "dry_gain": packed.true_gain,
            "gain": _PEAK / max(loudest, 1e-6),
        },
        "kernels": base64.b64encode((browser / "kernels.wasm").read_bytes()).decode(),
        "code": (browser / "kernels.js").read_text(encoding="utf-8"),
    }  # fmt: skip


def _knob(knob: KnobRange, at: float) -> dict[str, Any]:
    return {
        "name": knob.name, "unit": knob.unit or "", "least": knob.least, "most": knob.most,
        "share": knob.share(at), "at": f"{at:g}", "follows": knob.follows,
        "steps": [{"share": knob.share(step), "label": f"{step:g}"} for step in knob.steps],
    }  # fmt: skip
