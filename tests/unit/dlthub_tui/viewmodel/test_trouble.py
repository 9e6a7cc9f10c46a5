"""What error sheets say, whatever is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dlthub_tui.viewmodel.frame import PlaneState
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import text_of, width_of
from dlthub_tui.viewmodel.trouble import (
    NOTHING_ANSWERS,
    Errors,
    Silence,
    Trouble,
    own_failure,
    refused,
    sheet_lines,
    silent_control,
    silent_region,
)

NOW = datetime(2026, 3, 17, 14, 5, 20, tzinfo=UTC)
LOOK = Look(now=lambda: NOW, times="utc")
AGO = NOW - timedelta(minutes=2)
REGION = PlaneState("eu1", "silent", "2 min", AGO, "http://127.0.0.1:8402")
TROUBLES = (
    silent_region(REGION, "", 600, 5, LOOK),
    silent_region(REGION, "No answer from http://127.0.0.1:8402 (connection refused).", 600, 0, LOOK),
    silent_control(Silence(why="no answer", since=AGO, tries=3, next_seconds=8), LOOK),
    refused("refused/x", "The plane is stopping.", "Press ctrl+r to ask again.", "fruitshop › Runs", AGO, None, LOOK),
    own_failure("crash/x", "crash-0317-1405.txt", "fruitshop › Runs", AGO, LOOK),
)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.title)
@pytest.mark.parametrize("width", [40, 80, 120, 300])
def test_six_facts_fit_every_width_and_the_id_is_there(trouble: Trouble, width: int) -> None:
    lines = sheet_lines(trouble, "E-7Q2M-0031", width, LOOK)

    assert len(trouble.facts) == 6
    assert all(width_of(line) <= width for line in lines)
    assert text_of(lines[-1]).endswith("error id E-7Q2M-0031")
    if width == 80:
        assert len(trouble.sentence) <= 76


def test_regions_work_until_the_token_ends_and_not_after() -> None:
    until = NOW + timedelta(minutes=6)
    with_token = Silence(why="no answer", since=AGO, region="eu1", region_until=until)
    both = Silence(why="no answer", since=AGO, region="eu1", region_until=until, is_region_silent=True)
    ended = Silence(why="no answer", since=AGO, region="eu1", region_until=AGO)

    assert silent_control(with_token, LOOK).sentence == "control is silent. Logs and variables of eu1 work until 14:11."
    assert silent_control(both, LOOK).sentence == NOTHING_ANSWERS
    assert silent_control(ended, LOOK).sentence == "control has not answered since 14:03:20. Runs go on."


def test_a_region_that_control_has_not_missed_is_not_said_to_be_heard_of() -> None:
    facts = dict(silent_region(replace(REGION, state="up"), "it broke off", 600, 5, LOOK).facts)

    assert facts["Runs"] == "go on; the control plane has not missed the region yet"


def test_an_error_keeps_its_id_until_it_is_over() -> None:
    errors = Errors()
    first = errors.meet("control", NOW)
    errors.folded.add(first.error_id)

    assert errors.find("control") == first
    errors.end("control")

    assert errors.find("control") is None
    assert errors.folded == set()
    assert errors.meet("control", NOW).error_id != first.error_id
