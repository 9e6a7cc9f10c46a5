"""`doctor` tells whose clock is wrong: planes refuse what is a minute old."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import formatdate

import pytest

from planes.wire.clocks import seconds_apart


@pytest.mark.parametrize("apart", [0, 3600, -3600])
def test_clocks_are_compared_by_what_an_answer_says(apart: int) -> None:
    said = seconds_apart(formatdate(time.time() - apart, usegmt=True), datetime.now(UTC))

    assert abs(said - apart) <= 2


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_an_answer_without_a_time_tells_of_none(date: str | None) -> None:
    assert seconds_apart(date, datetime.now(UTC)) == 0
