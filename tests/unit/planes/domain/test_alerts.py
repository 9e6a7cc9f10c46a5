"""Which runs an alert is of, and when it is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from planes.domain.alerts import RETRY_SECONDS, concerns, next_try_at

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(("jobs", "pipelines", "expected"), [
    ([], [], True),
    (["jobs.ingest.load"], [], True),
    (["ingest.load"], [], True),
    (["ingest.*"], [], True),
    (["ingest.load_orders"], [], False),
    ([], ["orders"], True),
    ([], ["returns"], False),
    (["other"], ["orders"], True),
    (["other"], ["returns"], False),
])  # fmt: skip
def test_alert_is_of_a_run_that_fits_either_choice(jobs: list[str], pipelines: list[str], expected: bool) -> None:
    assert concerns(jobs, pipelines, "jobs.ingest.load", {"orders", "stock"}) is expected


def test_waits_grow_and_end() -> None:
    waits = [next_try_at(tries, NOW) for tries in range(1, len(RETRY_SECONDS) + 2)]

    assert waits[0] == NOW + timedelta(seconds=10)
    assert waits[:-1] == sorted(each for each in waits if each is not None)
    assert waits[-1] is None
    assert list(RETRY_SECONDS) == sorted(RETRY_SECONDS)
