"""Words of the control plane's pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from planes.control_plane.api.page_layout import age

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 seconds ago"),
        (1, "1 second ago"),
        (119, "119 seconds ago"),
        (120, "2 minutes ago"),
        (299, "4 minutes ago"),
    ],
)
def test_age_is_said_as_one_says_it(seconds: int, said: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == said
