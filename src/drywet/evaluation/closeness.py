"""How close a model is in all, in words, and what would bring it closer.

The limits are rules of thumb of the field, not measurements: an ESR under 0.001, A-weighted too, is
seldom told from the device, one over 0.05 always is.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log10

from drywet.evaluation.result import Evaluation, Kind, Remark
from drywet.words import number

GRADES: tuple[tuple[float, Kind, str], ...] = (
    (1e-3, "good", "Indistinguishable, most likely"),
    (1e-2, "good", "Close"),
    (5e-2, "warning", "Audibly different"),
    (float("inf"), "bad", "Another sound"),
)
"""Below which ESR, plain and A-weighted, it is called so."""
FAR_OFF = GRADES[2][0]
"""ESR from which on two sounds are not the same."""
_BY_THE_FLOOR = 2.0  # times the noise floor
_STEADY = 1e-2  # a floor above this is no noise but a device that moves
_SMALL = 4385  # parameters of an LSTM of 32 units
_EARLY = 0.6  # of the training, at which its best net was found
_GUESSED = 2.0  # times the ESR at the positions that were learned from
_LUCKY = 3.0  # times the ESR on the audio that chose the net
_INVERTED = 0.5  # ESR
_ANOTHER = (
    "Check that dry and wet belong together ('drywet check'). To learn what they are of: drywet "
    "train DRY WET, or with --start this model."
)
_TURNED = (
    "Record this position, too, and train with it ('drywet train --captures'), or train longer."
)
_UNFINISHED = "The training was stopped: 'drywet train --resume RUN' goes on with it."
_NOT_LEARNED = {
    "modulation": "The device changes with time by itself, and a net learns its average. Capture "
    "it with the modulation switched off.",
    "compression": "The device compresses over tenths of a second, which a net of this kind "
    "learns in part only.",
}


def closeness(found: Evaluation, flawed: bool = False) -> Iterator[Remark]:
    """How close it is in all; no more than close where something else is clearly wrong."""
    turned = bool(found.knobs)  # to a position of the user's own
    other = "" if found.held_out or turned else " This capture may be of another device or setting."
    if found.inverted_esr is not None and found.inverted_esr < _INVERTED:
        yield Remark(
            kind="bad",
            text="Upside down: the model's polarity is not the recording's (ESR "
            f"{number(found.esr, 2)}; turned round {number(found.inverted_esr, 2)}).",
            advice="'drywet rank DRY WET MODEL' brings a model to the device's polarity, level and "
            "delay before it scores it.",
        )
        return
    if found.esr >= 1:
        yield Remark(
            kind="bad",
            text="Another sound: the error is larger than the signal "
            f"(ESR {number(found.esr, 2)}), silence would be closer.{other}",
            advice=_ANOTHER
            if not found.held_out
            else _UNFINISHED
            if found.unfinished
            else "Check that dry and wet belong together ('drywet check').",
        )
        return
    below = -10 * log10(max(found.esr, 1e-20))
    weighted = -10 * log10(max(found.esr_a_weighted, 1e-20))
    floor = found.noise_floor_esr
    if floor is not None and floor > _STEADY and found.esr <= _BY_THE_FLOOR * floor:
        yield Remark(
            kind="bad",
            text=f"The device differs from itself (ESR {number(2 * floor, 2)} between two passes) "
            f"as much as the model does from it (ESR {number(found.esr, 2)}).",
            advice="It moves by itself (a phaser, a chorus), or the capture is noisy: 'drywet "
            "check' says more. No model of this kind can follow that.",
        )
        return
    said = f"the error is {below:.0f} dB below the signal (ESR {number(found.esr, 2)})"
    if floor is not None and found.esr <= _BY_THE_FLOOR * floor:
        yield Remark(
            kind="good",
            text=f"As close as the noise of the capture allows ({number(floor, 2)}): {said}.",
            advice="Only a quieter capture can make it better.",
        )
        return
    worse = max(found.esr, found.esr_a_weighted, GRADES[0][0] if flawed else 0.0)
    kind, words = next((kind, words) for limit, kind, words in GRADES if worse < limit)
    advice = ""
    if kind != "good":
        advice = _towards_it(found) if found.held_out else _TURNED if turned else _ANOTHER
        if found.behaviour is not None and found.esr >= FAR_OFF:
            advice = _NOT_LEARNED[found.behaviour]
    if found.unfinished:
        advice = _UNFINISHED
    other = other if kind != "good" else ""
    yield Remark(
        kind=kind,
        text=f"{words}: {said}, {weighted:.0f} dB as the ear weighs it (A-weighted).{other}",
        advice=advice,
    )


def _towards_it(found: Evaluation) -> str:
    """What brings a net closer: more of whatever it has come to the end of."""
    bigger = "a bigger net (--hidden 32)" if found.cost.parameters < _SMALL else ""
    if found.course is not None and found.course.best_at < _EARLY:
        return (
            f"Its best net was found at {found.course.best_at:.0%} of the training: more of that "
            "would not help. A longer, livelier capture would"
            + (f", or {bigger}." if bigger else ".")
        )
    if outside := _outside(found):
        return f"{outside}: record the ends, too, and learn from them."
    if any(one.held_out for one in found.positions) or (found.knobs and not found.positions):
        return "Try more captures in between ('drywet plan RUN' says where), or a longer training."
    longer = "a longer training ('drywet train --resume RUN --longer')"
    return f"Try {bigger + ', ' if bigger else ''}{longer}, or a longer, livelier capture."


def _outside(found: Evaluation) -> str:
    """A knob that was held out beyond what was learned from, in words."""
    learned = [one.knobs for one in found.positions if not one.held_out]
    for one in found.positions:
        for name, position in one.knobs.items() if one.held_out and learned else ():
            least, most = (end(at[name] for at in learned) for end in (min, max))
            if not least <= position <= most:
                return f"{name} {position:g} lies outside the {least:g} to {most:g} it learned from"
    return ""


def elsewhere(found: Evaluation) -> Iterator[Remark]:
    """Whether it does worse on the test than on what chose it."""
    learned, new = (
        [one.esr for one in found.positions if one.held_out is held_out]
        for held_out in (False, True)
    )
    if learned and new:
        there, here = max(learned), sum(new) / len(new)
        if here > max(_GUESSED * there, GRADES[0][0]):
            yield Remark(
                kind="warning",
                text="Where the knobs stood in what it learned from, its ESR is at most "
                f"{number(there, 2)}, at other positions {number(here, 2)}: it has to guess them.",
                advice=f"{outside}: record the ends, too, and learn from them."
                if (outside := _outside(found))
                else "'drywet plan RUN' says which position to record next.",
            )
        return
    course = None if found.knobs and not found.positions else found.course  # of all positions
    limit = max(_LUCKY * course.validation_esr, GRADES[0][0]) if course else float("inf")
    if course is not None and found.esr > limit:
        yield Remark(
            kind="warning",
            text=f"On the validation audio its ESR was {number(course.validation_esr, 2)}, on the "
            f"test audio it is {number(found.esr, 2)}: they hold other playing.",
            advice="A longer capture has more of each kind of playing in both.",
        )
