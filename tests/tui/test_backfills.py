"""Backfills of a job: the form says how many slices it would be, the list how far each is."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.installation import identifier

pytestmark = [pytest.mark.anyio]
JOB = ("tab", "down", "enter", "enter")


async def test_form_says_how_many_slices_it_would_be_and_starts_only_then(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*JOB, "B")
        await stage.until("Backfill ingest.load_orders")
        await stage.type("2026-01-01")
        await stage.press("enter", "enter", "enter")
        assert stage.posted("backfills") == []
        await stage.type("40")
        await stage.press("enter")
        await stage.until("At once are 1 to 32 slices")
        await stage.press("backspace", "backspace", "8", "enter")
        await stage.until("It would be 31 slices of 1d, 1 Jan to 1 Feb, 8 at a time.")
        asked = {"start": "2026-01-01", "end": None, "slice": "1d", "parallel": 8}
        assert stage.posted("backfills") == [asked | {"dry_run": True}]

        await stage.press("enter")
        await stage.until("3 backfills")
        assert stage.posted("backfills")[1:] == [asked]
        assert "1 active" in stage.text


async def test_what_it_would_be_is_asked_again_once_a_field_changes(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*JOB, "B")
        await stage.type("2026-01-01")
        await stage.press("enter", "enter", "enter", "enter")
        await stage.until("It would be 31 slices")
        await stage.type("2")
        assert "It would be" not in stage.text
        await stage.press("enter")
        await stage.until("2 at a time")

        assert [body.get("dry_run") for body in stage.posted("backfills")] == [True, True]


async def test_what_the_control_plane_refuses_keeps_the_form(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*JOB, "B")
        await stage.type("yesterday")
        await stage.press("enter", "enter", "enter", "enter")
        await stage.until("From is a day or a time")
        await stage.press("ctrl+u")
        stage.installation.refusals["/backfills"] = (409, {"detail": "A backfill goes on.", "code": "backfill_active"})
        await stage.press("enter", "enter", "enter", "enter")

        await stage.until("A backfill goes on.")
        assert "Slice      1d" in stage.text


async def test_list_says_how_far_each_is_and_opens_slices(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        await stage.press(*JOB, "b")
        await stage.until("running: 6 of 12 slices loaded, 4 at a time")
        assert "5 completed, 1 covered, 2 active, 4 waiting" in stage.text
        assert "the schedule loaded it meanwhile" in stage.text
        await stage.press("j", "enter")
        await stage.until("Slices of 5 Feb to 9 Feb")
        await stage.press("slash", *"fail", "enter")

        assert "1001" in stage.text
        assert "1000" not in stage.text


async def test_cancelling_asks_and_resuming_loads_the_rest(open_app: Any) -> None:
    async with open_app(size=(100, 30)) as stage:
        await stage.press(*JOB, "b")
        await stage.until("2 backfills")
        await stage.press("r")
        await stage.until("It goes on; x cancels it.")
        await stage.press("x")
        await stage.until("What waits is not started, and what runs is told to stop.")
        assert stage.posted("cancel") == []
        await stage.press("enter")
        await stage.until("Cancelled: 6 of 12 slices are loaded, 2 runs told to stop.")
        assert stage.posted("cancel") == [{"id": identifier("backfill/2")}]

        await stage.press("j", "r")
        await stage.until("Resumed: 2 slices to load.")
        assert stage.posted("resume") == [{"id": identifier("backfill/1")}]


async def test_slice_opens_its_run(open_app: Any) -> None:
    async with open_app(size=(100, 30)) as stage:
        await stage.press(*JOB, "b", "j", "j", "j")
        await stage.until("Slices of 5 Mar")
        await stage.press("enter")

        await stage.until("1001")
        assert "Backfills" not in stage.text.splitlines()[0]


async def test_job_without_windows_and_viewers_are_told_why_not(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter", "slash", *"orders_daily", "enter", "enter", "B")
        await stage.until("It works in no windows: it has no schedule and no period.")
        await stage.press("b")
        await stage.until("was never backfilled. It works in no windows")


async def test_a_role_in_the_workspace_counts_not_the_one_in_its_organization(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.organizations[0]["role"] = "collaborator"
        stage.installation.workspace_role = "developer"
        await stage.press("ctrl+r", *JOB, "B")

        await stage.until("Backfill ingest.load_orders")


async def test_viewers_change_none(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.organizations[0]["role"] = "viewer"
        await stage.press("ctrl+r", *JOB, "B")
        await stage.until("Backfills are for owners and developers; you are a viewer.")
        await stage.press("b", "x")
        await stage.until("Backfills are for owners and developers")
        assert stage.posted("cancel") == []
