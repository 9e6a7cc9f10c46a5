"""Moments as people write them after --since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dlthub_tui.cli.log_output import NoMoment, parse_since

NOW = datetime(2026, 11, 27, 14, tzinfo=UTC)


def test_a_while_ago_and_a_moment() -> None:
    assert parse_since("1h30m", NOW) == NOW - timedelta(hours=1, minutes=30)
    assert parse_since("2026-11-25T14:00+01:00", NOW) == datetime(2026, 11, 25, 13, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "m", "10", "٣m", "9" * 30 + "d", "9" * 5000 + "m", "9" * 5000])
def test_what_is_no_moment_is_said(text: str) -> None:
    with pytest.raises(NoMoment):
        parse_since(text, NOW)
