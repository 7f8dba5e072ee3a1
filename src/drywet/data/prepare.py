"""From an examined capture to what a model at its own rate is given."""

from __future__ import annotations

from collections.abc import Sequence

from drywet.data.split import Span
from drywet.dsp.repeats import Repeat
from drywet.pair.load import Pair

_EDGE_SECONDS = 0.05  # frames in which repeats are found end this far off at most


def at_model_rate(pair: Pair, rate: int, margin: int) -> Pair:
    """Resample an aligned pair and delay its wet by ``margin`` samples.

    With the margin, the wet sample at ``n`` is the device's answer to the dry sample
    at ``n - margin``: errors of a fraction of a sample in the alignment never
    ask the model for the future.
    """
    return pair.resampled(rate).aligned(-margin)


def second_passes(
    repeats: Sequence[Repeat], rate: int, model_rate: int, margin: int
) -> tuple[Span, ...]:
    """Where passages are repeated, in samples of the model's pair, merged and in order.

    Args:
        repeats: in samples of the aligned pair at ``rate``.
        rate: of the files, in Hz.
        model_rate: in Hz.
        margin: as in `at_model_rate`.
    """
    edge = round(_EDGE_SECONDS * model_rate)
    merged: list[Span] = []
    for repeat in sorted(repeats, key=lambda r: r.start + r.lag):
        start, stop = (
            round((at + repeat.lag) * model_rate / rate) - margin
            for at in (repeat.start, repeat.stop)
        )
        span = Span(max(start - edge, 0), stop + edge + margin)
        if merged and span.start <= merged[-1].stop:
            merged[-1] = Span(merged[-1].start, max(merged[-1].stop, span.stop))
        else:
            merged.append(span)
    return tuple(merged)
