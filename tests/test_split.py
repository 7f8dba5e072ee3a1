"""Splits and windows never leak, whatever the recording."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from drywet.data.segments import SegmentSampler
from drywet.data.split import Span, split, subtract, total
from drywet.errors import DrywetError
from drywet.metrics.statistics import LEAST_SECONDS

recordings = st.tuples(st.integers(20_000, 3_000_000), st.sampled_from([8000, 22_050, 48_000]))


def samples_of(spans) -> set[int]:
    return {i for span in spans for i in range(span.start, span.stop)}


@given(recordings)
@settings(max_examples=60, deadline=None)
def test_default_split_is_disjoint_complete_and_about_80_10_10(recording):
    samples, rate = recording
    assume(samples / rate > 5)
    done = split(samples, rate)
    spans = sorted(done.train + done.validation + done.test)
    assert spans[0].start == 0
    assert spans[-1].stop == samples
    assert all(a.stop == b.start for a, b in pairwise(spans))
    assert 0.6 < total(done.train) / samples < 0.88
    assert 0.06 < total(done.validation) / samples < 0.16
    assert 0.06 < total(done.test) / samples < (0.16 if samples / rate > 60 else 0.26)


@pytest.mark.parametrize("seconds", [30.0, 33.0, 41.7, 57.0, 60.0, 90.0])
def test_a_test_is_long_enough_to_tell_models_apart(seconds):
    rate = 48_000
    done = split(round(seconds * rate), rate)
    tested = total(done.test) / rate
    assert LEAST_SECONDS - 1 / rate <= tested < max(1.25 * LEAST_SECONDS, 0.11 * seconds)
    assert total(done.train) / rate > 0.69 * seconds


@given(recordings, st.floats(0, 0.9), st.floats(0.02, 0.9), st.data())
@settings(max_examples=60, deadline=None)
def test_given_test_and_repeats_are_kept_out_of_training(recording, start, length, data):
    samples, rate = recording
    test = Span(int(start * samples), min(int((start + length) * samples), samples))
    assume(test.length > 0)
    at = data.draw(st.integers(0, samples - 1))
    repeat = Span(at, min(at + samples // 10 + 1, samples))
    try:
        done = split(samples, rate, [repeat], test)
    except DrywetError:
        return  # the three together left one set empty
    every = [samples_of(part) for part in (done.train, done.validation, done.test)]
    assert not every[0] & every[1]
    assert not every[0] & every[2]
    assert not every[1] & every[2]
    assert not set.union(*every) & samples_of([repeat])
    assert every[2] <= samples_of([test])


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60)), max_size=4),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60)), max_size=4),
)
def test_subtract_is_set_difference(spans, holes):
    def tidy(raw):
        made, at = [], 0
        for gap, length in raw:
            made.append(Span(at + gap, at + gap + length))
            at = made[-1].stop
        return made

    a, b = tidy(spans), tidy(holes)
    assert samples_of(subtract(a, b)) == samples_of(a) - samples_of(b)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 400)), min_size=1, max_size=5),
    st.integers(0, 40),
    st.integers(1, 60),
    st.integers(0, 10_000),
)
@settings(deadline=None)
def test_windows_with_their_warm_up_lie_in_one_span(raw, warm_up, segment, step):
    spans, at = [], 0
    for gap, length in raw:
        spans.append(Span(at + gap, at + gap + length))
        at = spans[-1].stop
    signal = np.arange(at, dtype=np.float32)
    try:
        sampler = SegmentSampler(signal, -signal, spans, warm_up, segment, 16, seed=1)
    except DrywetError:
        assert all(span.length < warm_up + segment for span in spans)
        return
    dry, wet = sampler.batch(step)
    assert dry.shape == wet.shape == (16, warm_up + segment, 1)
    for row, start in enumerate(sampler.starts(step)):
        stop = start + warm_up + segment
        assert any(span.start <= start and stop <= span.stop for span in spans)
        assert np.array_equal(dry[row, :, 0].numpy(), signal[start:stop])
        assert np.array_equal(wet[row, :, 0].numpy(), -signal[start:stop])


def test_every_window_is_drawn_and_about_equally_often():
    signal = np.zeros(40, np.float32)
    spans = [Span(0, 8), Span(20, 23), Span(30, 40)]
    sampler = SegmentSampler(signal, signal, spans, 2, 3, 500, seed=0)
    drawn = np.concatenate([sampler.starts(step) for step in range(40)])
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [0, 1, 2, 3, 30, 31, 32, 33, 34, 35]
    # 20000 draws over 10 places: 2000 each, standard deviation 42.
    assert np.all(np.abs(counts - 2000) < 5 * 42)


def test_windows_depend_on_seed_and_step_only():
    signal = np.zeros(1000, np.float32)
    one, again, other = (
        SegmentSampler(signal, signal, [Span(0, 1000)], 0, 10, 8, seed=s) for s in (3, 3, 4)
    )
    assert np.array_equal(one.starts(7), again.starts(7))
    assert not np.array_equal(one.starts(7), one.starts(8))
    assert not np.array_equal(one.starts(7), other.starts(7))


def test_too_short_to_split():
    with pytest.raises(DrywetError, match="leave nothing to test on"):
        split(8000, 8000)
