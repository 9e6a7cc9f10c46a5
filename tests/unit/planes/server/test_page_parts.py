"""What web pages are put together from: whatever it is given stays text."""

from __future__ import annotations

import pytest

from planes.server import page_parts
from planes.server.page_document import Ways, page

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.mark.parametrize("name", ["problem", "paragraph", "command", "state", "status"])
def test_text_stays_text(name: str) -> None:
    markup = getattr(page_parts, name)(HOSTILE)

    assert "<img" not in markup


def test_names_of_links_and_captions_stay_text() -> None:
    parts = (
        page_parts.link(HOSTILE, HOSTILE), page_parts.trail((HOSTILE, HOSTILE)), page_parts.block(HOSTILE, HOSTILE),
        page_parts.table(HOSTILE, [HOSTILE], [["x"]], ""), page_parts.table(HOSTILE, [], [], HOSTILE),
        page_parts.hidden(HOSTILE, HOSTILE), page_parts.facts([(HOSTILE, "")]), bytes(page(HOSTILE, "").body).decode(),
    )  # fmt: skip

    assert not [part for part in parts if "<img" in part or "\"'&" in part]


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(None, "–"), (0, "0 ms"), (999, "999 ms"), (1500, "1.5 s"), (61_000, "1 min 1 s"), (3_720_000, "1 h 2 min")],
)
def test_durations_are_said_in_a_persons_unit(milliseconds: int | None, said: str) -> None:
    assert page_parts.duration(milliseconds) == said


@pytest.mark.parametrize(
    ("value", "said"), [(None, "–"), (999, "999 B"), (43_100, "43.1 kB"), (2_000_000_000, "2.0 GB"), (5e12, "5.0 TB")]
)
def test_sizes_are_said_in_a_persons_unit(value: int | None, said: str) -> None:
    assert page_parts.size(value) == said


def test_a_page_without_scripts_may_run_none_and_ask_nobody() -> None:
    policy = page("x", "", ways=Ways(has_forms=False)).headers["content-security-policy"]

    assert "script-src" not in policy
    assert "connect-src" not in policy
    assert "form-action 'none'" in policy


def test_a_form_may_lead_to_the_one_address_outside_that_is_named() -> None:
    policy = page("x", "", ways=Ways(leads_to="http://127.0.0.1:9/callback?x=1")).headers["content-security-policy"]

    assert "form-action 'self' http://127.0.0.1:9;" in policy
