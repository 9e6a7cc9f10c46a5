"""What changes is on the screen by itself: over a real control plane, without asking, whatever comes in between."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread
from tests.fakes.control_stage import definition
from tests.fakes.live_plane import LivePlane, live_plane, sign_in, signed_in
from tests.tui.waiting import screen_text, until
from textual.pilot import Pilot

from dlthub_tui.app import DlthubTui
from planes.storage.control.changes import note_runs
from planes.storage.control.runs import runs_by_id

pytestmark = [pytest.mark.anyio]


class User:
    """Looks at the app, and lets things happen at the plane."""

    def __init__(self, app: DlthubTui, pilot: Pilot[Any], plane: LivePlane) -> None:
        self.app, self.pilot, self.plane = app, pilot, plane

    @property
    def text(self) -> str:
        return screen_text(self.app)

    async def sees(self, pattern: str) -> None:
        await until(self.pilot, lambda: re.search(pattern, self.text) is not None, pattern)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def at_plane(self, work: Callable[..., Any], *args: Any) -> Any:
        """Runs it on the plane's loop; the app goes on meanwhile."""
        return await to_thread.run_sync(self.plane.call, work, *args)

    async def trigger(self, job_id: str) -> str:
        self.plane.stage.clock.advance(seconds=1)
        return (await self.at_plane(self.plane.stage.trigger, job_id))["id"]

    async def report(self, run_id: str, status: str) -> None:
        assert (await self.at_plane(self.plane.stage.report, run_id, status)).status_code == 200


@pytest.fixture
def plane(tmp_path: Path) -> Generator[LivePlane]:
    folder = tmp_path / "plane"
    folder.mkdir()
    with live_plane(folder) as opened:
        yield opened


@asynccontextmanager
async def opened(plane: LivePlane, home: Path, size: tuple[int, int] = (100, 24)) -> AsyncGenerator[User]:
    """The app on the list of runs of the plane's workspace; the stream is up."""
    app = signed_in(plane, home)
    async with app.run_test(size=size) as pilot:
        await sign_in(app, plane)
        user = User(app, pilot, plane)
        await user.sees("demo")
        await user.press("j", "enter")
        await user.sees(r"\[1 Jobs\]")
        await until(pilot, lambda: app.context.live.is_up, "a stream")
        yield user


async def test_states_of_a_run_come_by_themselves(plane: LivePlane, tmp_path: Path) -> None:
    ids = plane.call(plane.stage.deployed, definition("load"), definition("other"))
    async with opened(plane, tmp_path) as user:
        run_id = await user.trigger(ids["load"])
        await user.sees(r"◌ jobs\.load")
        await user.press("2")
        await user.sees(r"◌ pending +jobs\.load")
        await user.at_plane(plane.stage.poll)
        await user.sees(r"◔ starting +jobs\.load")
        await user.report(run_id, "running")
        await user.sees(r"◉ running +jobs\.load")
        await user.press("enter")
        await user.sees(r"◉ running")
        await user.report(run_id, "failed")
        await user.sees(r"✗ failed")
        await user.press("0")
        await user.sees(r"1 failed in 24 hours")


async def test_a_flood_above_leaves_the_row_under_the_cursor(plane: LivePlane, tmp_path: Path) -> None:
    ids = plane.call(plane.stage.deployed, definition("load"), *(definition(f"job{n}") for n in range(9)))
    async with opened(plane, tmp_path) as user:
        for name in ("job0", "job1", "job2"):
            await user.trigger(ids[name])
        await user.press("2")
        await user.sees(r"jobs\.job2")
        await user.press("j", "j")
        await user.sees(r"❯ ◌ pending +jobs\.job0")
        for name in ("job3", "job4", "job5"):
            await user.trigger(ids[name])
        await user.sees(r"\+3 new")
        await user.sees(r"❯ ◌ pending +jobs\.job0")


async def test_a_thousand_changes_a_second_become_frames(plane: LivePlane, tmp_path: Path) -> None:
    ids = plane.call(plane.stage.deployed, *(definition(f"job{n}") for n in range(20)))
    started = [plane.call(plane.stage.trigger, job_id)["id"] for job_id in ids.values()]

    async def flood() -> None:
        for _ in range(100):
            async with plane.stage.parts.database.transaction() as connection:
                found = await runs_by_id(connection, started, workspace_id=plane.stage.workspace_id)  # pyright: ignore[reportArgumentType] - an id
                await note_runs(connection, found.values())

    async with opened(plane, tmp_path) as user:
        await user.press("2")
        await user.sees(r"◌ 20 pending")
        before, begun = len(plane.asked), time.monotonic()
        async with anyio.create_task_group() as group:
            group.start_soon(user.at_plane, flood)
            for _ in range(10):
                await user.press("j")
                await user.press("k")
        seconds = time.monotonic() - begun
        await user.at_plane(plane.stage.poll)
        await user.sees("starting")

    # Asking takes a quarter of the time at most, so far less often than something changed.
    assert len(plane.asked) - before <= min(20 * seconds + 10, 1000)


async def test_stream_that_is_cut_is_said_and_comes_back(plane: LivePlane, tmp_path: Path) -> None:
    ids = plane.call(plane.stage.deployed, definition("load"), definition("other"))
    async with opened(plane, tmp_path) as user:
        run_id = await user.trigger(ids["load"])
        await user.press("2")
        await user.sees("◌ pending")
        await to_thread.run_sync(plane.cut)
        await user.sees("▵control silent")
        # The plane is cut off whole: once its region was missed, too, that is what is said.
        alone = r"control has not answered since \d\d:\d\d:\d\d\. Runs go on\. Trying again in"
        await user.sees(rf"{alone}|Nothing answers\. Is a platform running\?")
        assert re.search(r"◌ pending +jobs\.load", user.text)
        await user.at_plane(plane.stage.poll)
        await user.report(run_id, "running")
        plane.mend()
        await user.sees(r"◉ running +jobs\.load")
        await user.sees("▴control")
        text = user.text

    assert "silent" not in text


async def test_key_that_is_revoked_ends_in_the_sign_in(plane: LivePlane, tmp_path: Path) -> None:
    from sqlalchemy import update

    from planes.storage.control.api_keys import api_keys

    plane.call(plane.stage.deployed, definition("load"))

    async def revoke() -> None:
        async with plane.stage.parts.database.transaction() as connection:
            await connection.execute(update(api_keys).values(revoked_at=plane.stage.clock.now()))

    async with opened(plane, tmp_path) as user:
        await user.at_plane(revoke)
        await user.sees("sign in")


async def test_tries_of_a_job_are_set_on_its_screen(plane: LivePlane, tmp_path: Path) -> None:
    ids = plane.call(plane.stage.deployed, definition("load"), definition("other"))
    async with opened(plane, tmp_path) as user:
        await user.press("slash", *"load", "enter", "enter")
        await user.sees("History")
        await user.press("T")
        await user.sees("Tries of jobs.load")
        await user.press("ctrl+u", "0", "enter", "enter")
        await user.sees("Tries are 1 to 10")
        await user.press("tab", "ctrl+u", "3", "enter", "ctrl+u", "9", "0", "enter")
        await user.sees("tried 3 times in all, after 1 min 30 s")
        await user.sees("jobs.load has 3 tries from now on")
        kept = (await user.at_plane(plane.stage.own, f"/jobs/{ids['load']}/retries")).json()

    assert kept == {"attempts": 3, "wait_seconds": 90}


async def test_backfill_is_started_and_its_slices_change_by_themselves(plane: LivePlane, tmp_path: Path) -> None:
    # Before the schedule is there: else it may be due by then, and the first lease the scheduler's run, of no slice.
    plane.stage.clock.set(datetime(2026, 3, 11, 9, 0, tzinfo=UTC))
    plane.call(plane.stage.deployed, definition("load", "schedule:0 0 * * *"), definition("other"))
    async with opened(plane, tmp_path) as user:
        await user.press("slash", *"load", "enter", "enter")
        await user.sees("History")
        await user.press("B")
        await user.sees("Backfill jobs.load")
        await user.press(*"2026", "minus", *"04", "minus", *"01", "enter", "enter", "enter", "enter")
        await user.sees("nothing lies between|beyond|after")
        # The refusal stands at the end, and the cursor with it.
        await user.press("shift+tab", *["backspace"] * 10, *"2026", "minus", *"03", "minus", *"01")
        await user.press("tab", *"2026", "minus", *"03", "minus", *"04", "tab", "tab", "2", "enter")
        await user.sees(r"It would be 3 slices of 1d, 1 Mar to 4 Mar, 2 at a time\.")
        await user.press("enter")
        await user.sees("2 active, 1 waiting")  # below the row that says since when its region is silent
        leases = (await user.at_plane(lambda: plane.stage.poll(free=4)))["leases"]
        for lease in leases:
            await user.report(lease["run_id"], "running")
        await user.report(leases[0]["run_id"], "completed")
        await user.sees("running: 1 of 3 slices loaded")
        await user.report(leases[1]["run_id"], "failed")
        await user.sees("1 completed, 1 active, 1 failed")
        await user.press("x", "enter")
        await user.sees("cancelling: 1 run still to stop|cancelled: 1 of 3 slices loaded")


async def test_a_workspace_is_archived_once_its_runs_are_stopped(plane: LivePlane, tmp_path: Path) -> None:
    ids = plane.call(plane.stage.deployed, definition("load"), definition("other"))
    async with opened(plane, tmp_path) as user:
        for name in ("load", "other"):
            await user.trigger(ids[name])
        await user.press("colon", *"workspace-settings", "enter")
        await user.sees("for everybody in it")
        await user.press("G", "enter")
        await user.sees(r"! 2 runs are active\. Stop them first:")
        await user.sees(r"◌ jobs\.load 1")
        await user.sees(r"Its 2 jobs stop firing[^\n]+\n +and 2 runs stay in eu1")
        name = re.search(r"─ Archive workspace (\S+) ─", user.text)
        assert name is not None
        await user.press("enter")
        await user.sees("2 runs are active. Stop what is, first.")
        await user.press("ctrl+x")
        await until(user.pilot, lambda: "! 2 runs" not in user.text, "no run is active")
        await user.press(*["minus" if letter == "-" else letter for letter in name[1]], "enter")
        await user.sees("is archived. u takes that back")


async def test_workspace_becomes_strict_on_its_residency_tab(plane: LivePlane, tmp_path: Path) -> None:
    secretive = definition("load", inputs={"type": "object", "properties": {"n": {"type": "integer", "default": 7}}})
    plane.call(plane.stage.deployed, secretive)
    async with opened(plane, tmp_path) as user:
        await user.press("8")
        await user.sees("is locked to")
        await user.press("W")
        await user.sees("All stored versions are rewritten at once")
        await user.press("enter")
        await user.sees("is strict:")
        assert (await user.at_plane(plane.stage.own, "/strictness")).json() == {"is_strict": True}
        await user.press("1", "slash", *"load", "enter", "enter")
        await user.sees("History")
        await user.press("v")
        await user.sees("withheld")


async def test_versions_come_by_themselves_when_they_are_uploaded_and_when_they_are_deployed(
    plane: LivePlane, tmp_path: Path
) -> None:
    plane.call(plane.stage.deployed, definition("load"))
    async with opened(plane, tmp_path) as user:
        await user.press("3")
        await user.sees(r"1 shown of 1")
        await user.at_plane(plane.stage.upload)
        await user.sees(r"2 shown of 2")
        before = user.text
        await user.at_plane(plane.stage.deploy, definition("load"))
        await until(user.pilot, lambda: user.text != before, "that the newer version is deployed")
