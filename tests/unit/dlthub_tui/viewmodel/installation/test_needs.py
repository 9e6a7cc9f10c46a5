"""What needs somebody: nobody crowds it out by asking for many codes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dlthub_tui.client.installation import PendingSignIn
from dlthub_tui.client.leaks import Leak
from dlthub_tui.client.models import Workspace
from dlthub_tui.viewmodel.installation.home import answer_of
from dlthub_tui.viewmodel.installation.home_state import HomeState, WorkspaceState
from dlthub_tui.viewmodel.installation.needs import needs
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import cut_name, text_of

NOW = datetime(2026, 3, 17, 14, 2, tzinfo=UTC)
WORKSPACE = Workspace(
    id="w", name="weather", organization_id="o", dataplane_id="eu1", dataplane_url="", is_playground=False,
    archived_at=None, member_count=None,
)  # fmt: skip


def sign_in(number: int) -> PendingSignIn:
    at = NOW - timedelta(seconds=60 - number)
    return PendingSignIn(
        id=str(number), address="192.0.2.7", client="dlt", created_at=at, expires_at=at + timedelta(minutes=5)
    )


def said(state: HomeState) -> list[str]:
    return [" ".join(text_of(cell) for cell in row.cells) for row in needs(state, Look(now=lambda: NOW))]


def test_what_a_job_does_is_read_however_long_its_secret_is_called() -> None:
    secret = "JOBS__HOUSEKEEPING__CARELESS__API_TOKEN"
    leak = Leak(id="1", name=secret, profile=None, is_variable=True, is_open=True, job_ref="jobs.housekeeping.careless")
    (row,) = needs(HomeState(workspaces=(WorkspaceState(WORKSPACE, leaks=(leak,)),)), Look(now=lambda: NOW))

    assert text_of(row.cells[1]) == f"housekeeping.careless prints {secret}"
    assert text_of(cut_name(row.cells[1], 50)) == "housekeeping.careless prints JOBS__HOUS…_API_TOKEN"


def test_nothing_needs_you_is_said_once_regions_have_told_what_was_printed() -> None:
    asked = HomeState(workspaces=(WorkspaceState(WORKSPACE, jobs=()),))
    told = HomeState(workspaces=(WorkspaceState(WORKSPACE, jobs=(), leaks=()),))

    assert text_of(answer_of(asked, Look(now=lambda: NOW))) == "Nothing runs"
    assert text_of(answer_of(told, Look(now=lambda: NOW))) == "Nothing runs, nothing needs you"


def test_sign_ins_that_wait_take_one_row_and_are_set_aside_together_until_another_asks() -> None:
    state = HomeState(sign_ins=(sign_in(1),))
    assert said(state) == ["sign-in dlt from 192.0.2.7 waits for your approval 59 s ago"]

    state = replace(state, sign_ins=tuple(sign_in(number) for number in (3, 1, 2)))
    (row,) = needs(state, Look(now=lambda: NOW))
    assert said(state) == ["sign-ins 3 wait for your approval 57 s ago"]

    state = replace(state, aside=frozenset({row.key}))
    assert said(state) == []
    state = replace(state, sign_ins=(*state.sign_ins, sign_in(4)))
    assert said(state) == ["sign-in dlt from 192.0.2.7 waits for your approval 56 s ago"]


def test_sign_ins_stay_aside_when_the_newest_of_them_is_decided() -> None:
    state = HomeState(sign_ins=tuple(sign_in(number) for number in (1, 2, 3)))
    (row,) = needs(state, Look(now=lambda: NOW))
    state = replace(state, aside=frozenset({row.key}), sign_ins=state.sign_ins[:2])

    assert said(state) == []
