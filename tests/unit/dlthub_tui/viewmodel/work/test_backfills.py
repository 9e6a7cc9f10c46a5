"""What is said of backfills."""

from datetime import UTC, datetime

import pytest

from dlthub_tui.client.backfills import Backfill
from dlthub_tui.viewmodel.work.backfills import size_of

BEGIN = datetime(2026, 3, 9, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size", "end", "total", "said"),
    [
        ("1d", datetime(2026, 4, 2, 1, 30, tzinfo=UTC), 24, "1d"),  # one of the days has 23 hours
        ("1d", datetime(2026, 4, 2, 3, 30, tzinfo=UTC), 24, "1d"),
        ("36h", datetime(2026, 4, 2, 1, 30, tzinfo=UTC), 16, "36h"),
        ("7h", datetime(2026, 4, 2, 1, 30, tzinfo=UTC), 24, "7h or more"),  # the schedule has one tick a day
        ("12h", datetime(2026, 3, 10, 2, 30, tzinfo=UTC), 1, "12h or more"),
        ("a size of a later version", datetime(2026, 3, 10, 2, 30, tzinfo=UTC), 1, "a size of a later version"),
    ],
)
def test_slices_that_are_longer_than_was_asked_for_are_not_told_as_that_long(
    size: str, end: datetime, total: int, said: str
) -> None:
    found = Backfill(
        id="", job_id="", job_ref="jobs.shop.load", state="running", start=BEGIN, end=end, slice_size=size,
        parallel=1, attempts=1, profile="prod", total=total, counts={}, created_at=BEGIN, finished_at=None, slices=(),
    )  # fmt: skip

    assert size_of(found) == said
