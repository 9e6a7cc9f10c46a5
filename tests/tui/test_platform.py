"""The platform: what regions run and hold, and the control plane itself, for who administers it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.tui.waiting import until

from dlthub_tui.client.environments import Environment
from dlthub_tui.viewmodel.installation.environments import name_of

pytestmark = [pytest.mark.anyio]


async def test_leases_say_what_a_silent_region_holds(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.silent = {"eu1"}
        await stage.press("9")
        await stage.until("2 runs held, 0 waiting")
        await stage.press("G")

        await stage.until("eu1 is silent. The run goes on there")
        assert "region silent" in stage.text


async def test_the_control_plane_says_how_it_is(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("9", "g")
        await stage.until("sqlite, 12.4 MB, answers in 2 ms")

        assert "41.0 GB free of 64.0 GB   2 sessions" in stage.text
        assert "Next in 13 min, 3 due within an hour." in stage.text


async def test_others_are_told_why_there_are_none(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.refusals["/own/v1/status"] = (403, {"code": "administrator_only", "detail": "not yours"})
        await stage.press("9")
        await stage.until("Leases are for who administers this platform.")

        assert "not yours" not in stage.text
        assert "Database" not in stage.text


async def test_regions_say_what_they_run_and_what_takes_their_room(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("9", "tab")
        await stage.until("an environment was last used 2 h ago")

        (row,) = [text for text in stage.text.splitlines() if "2 of 8" in text and "slots" not in text]
        assert [word in row for word in ("eu1", "1, 77.0 MB", "3, 1.4 GB", "41.0 GB free")] == [True] * 4
        assert "0.1.0, started 6 days ago" in stage.text
        assert "2 of 8 slots   1 interpreter ready, 77.0 MB of memory" in stage.text
        assert "environments 1.4 GB   caches 212 MB   runs 1.3 GB" in stage.text
        assert "data 310 MB   code 4.2 MB   blobs 9.3 MB   database 88.0 MB" in stage.text


async def test_a_silent_region_is_shown_as_of_its_last_poll(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.silent = {"eu1"}
        await stage.press("9", "tab")

        await stage.until("silent: as of 2 min ago")
        assert "3, 1.4 GB" in stage.text


async def test_a_region_of_a_version_before_says_so(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.telling = {"us1"}
        await stage.press("9", "tab")

        await stage.until("If it does not, its version is older")
        assert "no numbers yet: it tells them with a poll" in stage.text
        assert "1 of 8" in stage.text


async def test_a_control_plane_of_a_version_before_says_so(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.telling = None
        await stage.press("9")

        await stage.until("This control plane's version tells nothing of regions.")
        assert "2 runs held" in stage.text


async def test_a_run_that_a_region_holds_is_opened_and_stopped_from_here(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("9")
        await stage.until("2 runs held")
        while "❯ ◉ ingest.load_orders 1041" not in stage.text:
            await stage.press("j")
        assert "enter open  x stop  ! doctor  l log" in stage.text
        await stage.press("x")
        await stage.until("Stop ingest.load_orders 1041 in fruitshop?")
        await stage.press("enter")
        await stage.until("Stopping ingest.load_orders 1041.")
        assert any(path.endswith("/-cancel") for _, path, _ in stage.installation.requests)

        await stage.press("G", "l")
        await stage.until("orders › 7 › log")
        await stage.press("escape")
        await stage.until("dlthub-tui › platform")


async def test_planes_tell_their_logs_on_their_machines(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("9", "j", "l")
        await stage.until("platform.log in its home")
        await stage.press("enter")

        await stage.until("polled now")
        assert "❯ ▴ eu1                2 of 8" in stage.text


async def test_a_region_is_drained_after_asking_and_resumed(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("9", "j")
        await stage.until("enter open  x drain  D clean")
        await stage.press("x")
        await stage.until("Drain eu1?")
        assert "eu1 is given no new run. 2 runs there go on to the end." in stage.text
        assert stage.installation.drained == {}
        await stage.press("enter")
        await stage.until("eu1 is drained. u takes that back.")
        await stage.until("It is given no new run. x resumes it.")
        assert "◫ eu1 drained" in stage.text.splitlines()[1]
        assert "x resume" in stage.text

        await stage.press("x")
        await stage.until("eu1 is given runs again. u takes that back.")
        assert stage.installation.drained == {}
        await stage.press("u")
        await stage.until("Taken back. eu1 is drained.")
        assert list(stage.installation.drained) == ["eu1"]

        await stage.press("0")
        await until(stage.pilot, lambda: "drained" in stage.text and "Workspaces" in stage.text, "home says so")


async def test_a_region_is_cleaned_once_its_name_is_typed(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("9", "tab", "D")
        await stage.until("Clean eu1")
        assert "Of 3 environments and the caches, 1.6 GB, those go that no run uses and" in stage.text
        await stage.type("eu")
        await stage.press("enter")
        assert stage.posted("clean eu1") == []
        await stage.type("1")
        await stage.press("enter")

        await stage.until("eu1 hears it with its next poll")
        assert stage.posted("clean eu1") == [{}]


async def test_who_does_not_administer_drains_and_cleans_nothing(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.refusals["/own/v1/status"] = (403, {"code": "administrator_only", "detail": "not yours"})
        await stage.press("9")
        await stage.until("Leases are for who administers this platform.")
        await stage.press("j", "x")

        await stage.until("Regions are drained and cleaned by who administers this platform.")
        assert "x drain" not in stage.text


async def test_a_run_of_others_says_whose_it_is(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("9", "G")
        workspace = next(each for each in stage.installation.workspaces if each["name"] == "fruitshop")
        refused = (404, {"code": "not_found", "detail": "no such workspace"})
        stage.installation.refusals[f"/api/v1/workspaces/{workspace['id']}"] = refused
        await stage.press("enter")

        await stage.until("fruitshop is for its members; you are none of them.")


async def test_leases_say_what_their_runs_take_and_keys_how_old_they_are(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        await stage.press("9")
        await stage.until("load_orders 1041")
        lease = next(line for line in stage.text.splitlines() if "load_orders 1041" in line)

        assert re.search(r"\b401\d\d +62 % +212 MB", lease), lease
        control, region = (re.search(rf"▴ {name} .*", stage.text) for name in ("control", "eu1"))
        assert control is not None
        assert control[0].rstrip().endswith("5 Mar")
        assert region is not None
        assert region[0].rstrip().endswith("6 days ago")
        await stage.press("end", "home", "down")
        assert "master key written 6 days ago" in stage.text


ENVIRONMENTS = ("9", "tab", "enter")


async def test_environments_of_a_region_are_seen_opened_and_removed(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ENVIRONMENTS)
        await stage.until("3 environments, 1.4 GB. One that no run uses goes after 30 days.")
        assert "3.11 dlt 1.28.2, duckdb 1.4.0" in stage.text
        assert "ingest.load_orders 1041, ingest.load_stock 310" in stage.text
        await stage.press("enter")
        await stage.until("dlt[duckdb]==1.28.2")
        await stage.press("escape", "G")
        await stage.until("in 21 days, 30 days after its last run")
        await stage.press("D")
        await stage.until("It was used by backfill.orders_2024 4.")
        await stage.press("enter")
        await stage.until("Removed 3.12 dlt 1.27.0 of fruitshop.")

        assert stage.posted("remove-environment") == ["c" * 24]
        assert "2 environments" in stage.text


async def test_an_environment_that_a_run_uses_is_not_removed(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ENVIRONMENTS, "j", "D")
        await stage.until("A run uses it.")

        assert "notebooks.orders 7" in stage.text
        assert stage.posted("remove-environment") == []


async def test_environments_that_are_not_known_are_not_said_to_be_none(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.refusals["/environments"] = (503, {"detail": "The region is busy.", "code": "busy"})
        await stage.press(*ENVIRONMENTS)
        await stage.until("Not known of")

        assert "No environments." not in stage.text


async def test_a_question_is_never_higher_than_the_screen(open_app: Any) -> None:
    async with open_app(size=(30, 8)) as stage:
        await stage.press(*ENVIRONMENTS, "G", "D")
        await stage.until("more rows, on a")

        assert "Remove this environment" in stage.text
        assert stage.text.splitlines()[7].startswith(" enter remove")


def test_an_environment_of_many_packages_is_named_by_dlt() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    locked = [f"package-{number}=={number}.0" for number in range(36)]
    many = Environment(
        key="a", python_version="3.13", requirements=(*locked, "dlt[duckdb]==1.31.0"), size_bytes=1, built_at=now,
        used_at=now, is_current=True, in_use_by=(), jobs=(),
    )  # fmt: skip

    assert name_of(many) == "3.13 dlt 1.31.0, 36 more packages"
    assert name_of(replace(many, python_version=None, requirements=())) == "Python ?"
