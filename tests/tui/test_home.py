"""Home: what needs somebody is there, what does not any more is not, and figures are true."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.fakes.installation import NOW, identifier, stamp
from tests.tui.waiting import screen_text, settle, until

from dlthub_tui.app import AppOptions, DlthubTui
from dlthub_tui.client.changes import Change
from dlthub_tui.client.errors import TimedOut
from dlthub_tui.client.installation import get_health
from dlthub_tui.screens.installation import home_page
from dlthub_tui.session.live_state import News

pytestmark = [pytest.mark.anyio]

LEAK = "prints SOURCES__SHOP__API_KEY"


def job_of(installation: Any, name: str) -> dict[str, Any]:
    return next(job for job in installation.jobs if job["job_ref"] == f"jobs.{name}")


def fill_with_leaks(installation: Any) -> None:
    runs = {run["number"]: run for run in installation.runs}
    for number in (1039, 1040):
        log = installation.log_of(runs[number])
        log.add("with [masked:github-token]")
        log.add("key=[masked:SOURCES__SHOP__API_KEY]")
        installation.masked[runs[number]["id"]] = {"SOURCES__SHOP__API_KEY": 2, "github-token": 1}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_a_secret_that_runs_print_needs_somebody(open_app: Any, picture: Any, size: tuple[int, int]) -> None:
    async with open_app(size=size) as stage:
        fill_with_leaks(stage.installation)
        await stage.press("ctrl+r")
        await picture(stage, LEAK)
        row = next(row for row in stage.text.splitlines() if LEAK in row)
        assert "2 runs" in row

        while "❯ ▚" not in stage.text:
            await stage.press("down")
        await stage.press("enter")
        await stage.until("key=[masked:SOURCES__SHOP__API_KEY]")
        await stage.press("escape", "escape")
        await stage.until(LEAK)
        await stage.press("x")

        assert LEAK not in stage.text
        assert "Set aside until it happens again. u brings it back." in stage.text

        await stage.press("down", "u")

        await stage.until(f"Taken back. Needs you: ingest.load_orders {LEAK}.")
        assert stage.text.count(LEAK) > 1
        assert "+1 new" not in stage.text, "what comes back is nothing new"


async def test_what_one_region_told_is_kept_while_another_is_asked_and_home_asks_again(open_app: Any) -> None:
    async with open_app() as stage:
        fill_with_leaks(stage.installation)
        ids = {workspace["name"]: workspace["id"] for workspace in stage.installation.workspaces}
        path = f"/own/v1/workspaces/{ids['weather']}/leaks"
        stage.installation.held[path] = gate = stage.portal.call(anyio.Event)
        stage.installation.requests.clear()
        await stage.pilot.press("ctrl+r")
        asked = stage.app.context.leaks_again
        await until(stage.pilot, lambda: ids["fruitshop"] in asked, "what was printed in fruitshop is asked for")
        stage.app.call_later(stage.app.screen.reload)
        await until(
            stage.pilot, lambda: [each[1] for each in stage.installation.requests].count(path) == 2, "it is asked again"
        )
        stage.portal.call(gate.set)
        await settle(stage.pilot)

        assert LEAK in stage.text


async def test_what_a_region_tells_while_the_list_is_asked_for_again_is_kept(open_app: Any) -> None:
    async with open_app() as stage:
        fake, home = stage.installation, stage.app.screen
        fill_with_leaks(fake)
        told, listed = (stage.portal.call(anyio.Event) for _ in range(2))

        async def until_asked(path: str) -> None:
            await until(stage.pilot, lambda: any(path in each[1] for each in fake.requests), f"{path} is asked for")
            fake.requests.clear()

        fake.held["/leaks"] = told
        fake.requests.clear()
        await stage.pilot.press("ctrl+r")
        await until_asked("/leaks")
        fake.held["/own/v1/sign-ins"] = listed
        stage.app.call_later(home.fetch, home.reload())
        await until_asked("/own/v1/sign-ins")
        stage.portal.call(told.set)
        await until(stage.pilot, lambda: LEAK in stage.text, LEAK)
        stage.portal.call(listed.set)
        await settle(stage.pilot)

        assert LEAK in stage.text


async def test_a_region_that_had_not_told_when_another_workspace_changed_is_asked_again(open_app: Any) -> None:
    async with open_app() as stage:
        fake, home = stage.installation, stage.app.screen
        fill_with_leaks(fake)
        other = next(each["id"] for each in fake.workspaces if each["name"] == "weather")
        told = fake.held["/leaks"] = stage.portal.call(anyio.Event)

        async def until_asked() -> None:
            await until(stage.pilot, lambda: any("/leaks" in each[1] for each in fake.requests), "leaks are asked for")
            fake.requests.clear()

        fake.requests.clear()
        await stage.pilot.press("ctrl+r")
        await until_asked()
        stage.app.call_later(home.heard, News((Change(workspace_id=other, job_id="j"),)))
        await until_asked()
        stage.portal.call(told.set)
        await until(stage.pilot, lambda: LEAK in stage.text, LEAK)


async def test_viewers_are_told_of_no_secret(open_app: Any) -> None:
    async with open_app() as stage:
        fill_with_leaks(stage.installation)
        stage.installation.refusals["/leaks"] = (403, {"detail": "for developers", "code": "not_allowed"})
        await stage.press("ctrl+r")
        await stage.until("Needs you")

        assert LEAK not in stage.text
        assert "for developers" not in stage.text


async def test_a_viewer_is_not_offered_to_deploy_before_a_workspace_was_opened(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.organizations[0]["role"] = "collaborator"
        stage.installation.workspace_role = "viewer"
        await stage.press("ctrl+r", "tab", "down")
        assert "d deploy" not in stage.text
        await stage.press("d")
        assert "This needs developer or owner in fruitshop. You are a viewer." in stage.text
        stage.installation.organizations[0]["role"] = "owner"
        await stage.press("ctrl+r")

        assert "d deploy" in stage.text, "who became an owner may, before anything is opened"


async def test_what_succeeded_since_needs_nobody(open_app: Any) -> None:
    async with open_app() as stage:
        job = job_of(stage.installation, "transform.orders_daily")
        assert "transform.orders_daily 640 failed" in stage.text
        stage.installation.add_run(job, 641, "running", ago=10)
        await stage.press("ctrl+r")
        await stage.until("3 running")
        assert "transform.orders_daily 640 failed" in stage.text, "a run that goes on has not mended it yet"

        stage.installation.runs[-1] |= {"status": "completed", "finished_at": stamp(NOW), "duration_seconds": 9}
        await stage.press("ctrl+r")
        await stage.until("2 running")

        assert "transform.orders_daily 640 failed" not in stage.text
        assert "2 failed in 24 hours" in stage.text


async def test_failures_of_the_day_are_counted_whole(open_app: Any) -> None:
    async with open_app() as stage:
        job = job_of(stage.installation, "ingest.load_returns")
        for number in range(1000, 1037):
            stage.installation.add_run(job, number, "failed", ago=60 * (number - 999), took=1)
        stage.installation.add_run(job, 900, "failed", ago=90_000, took=1)
        await stage.press("ctrl+r")

        await stage.until("39 failed in 24 hours")


async def test_archived_workspaces_are_counted_and_shown_when_asked_for(open_app: Any) -> None:
    async with open_app() as stage:
        old = next(item for item in stage.installation.workspaces if item["name"] == "weather")
        old["archived_at"] = stamp(NOW)
        await stage.press("ctrl+r")
        await stage.until("1 archived workspace")
        assert "weather" not in stage.text

        while "❯   ⊟" not in stage.text:
            await stage.press("down")
        await stage.press("enter")
        await stage.until("weather  orchard-eu, archived now")
        await stage.press("down", "enter")

        await stage.until("orchard-eu › weather › Jobs")


async def test_what_did_not_answer_may_need_somebody(open_app: Any, installation: tuple[Any, Any]) -> None:
    fake, _ = installation
    for workspace in fake.workspaces:
        fake.refusals[f"/workspaces/{workspace['id']}/jobs"] = (500, {"detail": "It broke.", "code": "internal"})
    async with open_app() as stage:
        fruitshop = next(row for row in stage.text.splitlines() if "fruitshop " in row)
        assert "?" in fruitshop
        assert "nothing needs you" not in stage.text
        assert "Nothing runs" not in stage.text

        stage.installation.refusals.clear()
        await stage.press("ctrl+r")
        await stage.until("2 running")


def shown(app: DlthubTui) -> str:
    """The row of the workspace."""
    return next((row.rstrip() for row in screen_text(app).splitlines() if "  fruitshop  " in row), "")


async def test_times_go_on_where_nothing_else_changes(
    installation: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlthub_tui.screens.places.listing.TIMES_SECONDS", 0.5)
    fake, _ = installation
    for run in fake.runs:  # nothing else on the screen moves
        run |= {"status": "completed", "finished_at": stamp(NOW), "duration_seconds": 9}
    now = [NOW]
    options = AppOptions(home=str(tmp_path), now=lambda: now[0], poll_seconds=3600, uses_keyring=False, url=fake.url)
    app = DlthubTui(options)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: shown(app).endswith("in 13 min"), "the next run")
        await settle(pilot)
        now[0] += timedelta(minutes=3)

        await until(pilot, lambda: shown(app).endswith("in 10 min"), "three minutes later")


def row_of(stage: Any, name: str) -> str:
    return next(row for row in stage.text.splitlines() if f" {name} " in row and "control ▴" not in row)


async def test_planes_say_since_when_they_are_up_and_what_they_do(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.until("up 6 days")
        assert " ".join(row_of(stage, "eu1").split()) == "▴ eu1 up 6 days 2 running 1 warm lease poll open disk 36 %"
        assert "2 sessions" in row_of(stage, "control")
        assert "disk 36 %" in row_of(stage, "control")

        stage.installation.doubled.add("eu1")
        await stage.press("ctrl+r")
        await stage.until("two processes")
        assert "two processes" in row_of(stage, "eu1")

        stage.installation.silent.add("eu1")
        await stage.press("ctrl+r")
        await stage.until("? running   ? warm")
        assert "silent, last seen 2 min ago" in row_of(stage, "eu1")
        assert "1 running" in row_of(stage, "us1")


async def test_who_does_not_administer_is_told_where_the_planes_are(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.refusals["/own/v1/status"] = (403, {"code": "administrator_only", "detail": "not yours"})
        await stage.press("ctrl+r")
        await until(stage.pilot, lambda: "warm" not in stage.text, "no numbers")

        assert "Europe" in row_of(stage, "eu1")
        assert "not yours" not in stage.text


async def test_wide_terminals_show_when_was_deployed_and_what_was_loaded_today(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        await stage.until("Rows today")
        today = (run for run in stage.installation.runs if run["pipeline_run_summaries"])
        rows = sum(each["pipeline_run_summaries"][0]["total_rows"] for each in today if "17T" in each["created_at"])

        assert f"2 days ago     {rows:,}\n" in stage.text
        # One number of each workspace: beside the failed and the completed, its runs are not asked for, and where
        # there is no job those are not either.
        paths = [path for _, path, _ in stage.installation.requests]
        asked = [sum(path.endswith(end) for path in paths) for end in ("/job-runs", "/rows-loaded")]
        with_jobs = {job["workspace_id"] for job in stage.installation.jobs}
        assert asked == [2 * len(with_jobs), len(stage.installation.workspaces)]


async def test_narrow_terminals_do_not_ask_for_what_they_do_not_show(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.until("up 6 days")

        assert not any(path.endswith("/deployments/latest") for _, path, _ in stage.installation.requests)


async def test_a_filter_without_a_hit_says_so_and_does_not_ask_for_an_organization(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("slash")
        await stage.type("zzz")
        await stage.until('No row matches "zzz".')

        assert "No organization yet" not in stage.text


async def test_workspaces_of_one_name_are_told_apart_by_a_filter_too(open_app: Any) -> None:
    async with open_app() as stage:
        other = stage.installation.add_workspace(stage.installation.add_organization("orchard-us", "us1"), "fruitshop")
        other["id"] = identifier("workspace/fruitshop of orchard-us")
        await stage.press("ctrl+r", "slash")
        await stage.type("fruit")

        await stage.until("fruitshop  orchard-us")
        assert "fruitshop  orchard-eu" in stage.text


async def test_a_filter_stands_on_its_first_hit(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter", "G", "slash")
        await stage.type("load")

        await stage.until("❯ ◉ ingest.load_orders")


async def test_an_organization_that_somebody_else_made_appears_by_itself(
    open_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_page, "ORGANIZATIONS_SECONDS", 0.0)
    async with open_app() as stage:
        stage.installation.add_organization("aaa-new", "eu1")
        stage.app.screen.planes_heard(await get_health(stage.app.context.connected.control))

        await stage.until("aaa-new  ⊡eu1")


async def test_d_on_an_organization_says_what_is_to_be_made_before(open_app: Any) -> None:
    """A first owner stands there, as the README sends them, and has no workspace that could be chosen."""
    async with open_app() as stage:
        orchard = stage.installation.organizations[0]
        stage.installation.add_organization("aaa-bare", None)
        stage.installation.add_organization("aab-empty", "eu1")
        stage.installation.add_organization("aac-with-a-name-that-goes-on-and-on-and-on", "eu1")
        await stage.press("ctrl+r")
        await stage.until("aab-empty")

        assert "aab-empty  ⊡eu1  no workspace yet: enter makes one  owner" in stage.text
        cut = next(row for row in stage.text.splitlines() if " aac-with-a" in row)
        assert "…" in cut.split()[0]
        assert cut.endswith("-on  ⊡eu1  no workspace yet: enter makes one  owner")
        for name, said in (
            ("aaa-bare", "It has no region yet: enter chooses it."),
            ("aab-empty", "It has no workspace yet: enter makes one, then d deploys to it."),
            (orchard["name"], "Choose a workspace below it to deploy to."),
        ):
            await stage.press("g")
            while f"❯   {name}" not in stage.text:
                await stage.press("down")
            await stage.press("d")
            assert said in stage.text

        await stage.press("g")
        while "❯   aaa-bare" not in stage.text:
            await stage.press("down")
        await stage.press("enter")
        await stage.until("it has this name")


async def test_a_read_only_session_chooses_no_region_and_offers_to_make_nothing(open_app: Any) -> None:
    async with open_app(read_only=True) as stage:
        stage.installation.add_organization("aaa-bare", None)
        stage.installation.add_organization("aab-empty", "eu1")
        await stage.press("ctrl+r")
        await stage.until("aab-empty")

        assert "aaa-bare  no region yet  owner" in stage.text
        assert "aab-empty  ⊡eu1  no workspace yet  owner" in stage.text
        await stage.press("g")
        for name in ("aaa-bare", "aab-empty"):
            while f"❯   {name}" not in stage.text:
                await stage.press("down")
            assert "enter open" not in stage.text
            for key in ("d", "enter"):
                await stage.press(key)
                assert "This session is read-only and changes nothing." in stage.text
                await stage.press("down", "up")
        assert "it has this name" not in stage.text


async def test_workspaces_are_known_as_they_answer_and_one_without_jobs_is_asked_for_no_runs(open_app: Any) -> None:
    async with open_app() as stage:
        fake = stage.installation
        first, second = fake.workspaces[:2]
        empty = {**first, "id": "e" * 32, "name": "empty"}
        fake.workspaces.append(empty)
        fake.held[f"{second['id']}/jobs"] = gate = stage.portal.call(anyio.Event)
        fake.add_job(first, "jobs.late.comer", ["every:1h"])
        fake.requests.clear()
        await stage.pilot.press("ctrl+r")
        await until(stage.pilot, lambda: re.search(f"{first['name']} +10 ", stage.text) is not None, "another job")

        stage.portal.call(gate.set)
        await settle(stage.pilot)
        asked = [path for _, path, _ in fake.requests if empty["id"] in path]
        assert any(path.endswith("/jobs") for path in asked)
        assert not any("job-runs" in path for path in asked)


async def test_workspace_that_does_not_answer_in_time_is_no_failure_of_the_app(
    open_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_late(*_: Any, **__: Any) -> Any:
        raise TimedOut("http://control")

    async with open_app() as stage:
        monkeypatch.setattr("dlthub_tui.client.runs.list_runs", too_late)
        await stage.press("ctrl+r")

        await stage.until("did not answer in time")
        assert "crash" not in stage.text
