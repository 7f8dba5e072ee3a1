"""Numbers as people read them."""

from __future__ import annotations

import pytest

from drywet.words import count, listed, number, positions, with_article


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (19.3, 2, "19"), (752.0, 2, "752"), (1.04, 2, "1.0"), (0.0482, 3, "0.0482"),
        (0.00482, 3, "0.00482"), (9.46e-4, 3, "0.000946"), (9.46e-5, 3, "9.46e-05"),
        (0.9996, 3, "1.00"), (0.0, 3, "0"),
        (float("inf"), 3, "inf"), (123_456.0, 3, "123456"), (0.000_999_9, 2, "0.0010"),
    ],
)  # fmt: skip
def test_scores_are_plain_decimals_unless_they_are_tiny(value, digits, text):
    assert number(value, digits) == text


def test_one_has_no_plural():
    assert [count(n, "start") for n in (0, 1, 2)] == ["0 starts", "1 start", "2 starts"]


def test_lists_articles_and_knobs():
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip
    titles = [with_article(title) for title in ("LSTM 16", "GRU 8", "SSM 4x8")]
    assert titles == ["an LSTM 16", "a GRU 8", "an SSM 4x8"]
    assert positions({"bass": 2.0, "drive": (0.0, 0.5)}) == "bass 2, drive 0 to 0.5"
