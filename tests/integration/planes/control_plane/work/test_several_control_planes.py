"""Several control planes on one Postgres: one fires, all hear of it, and another takes over."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy import text, update
from structlog.testing import capture_logs
from tests.fakes.control_stage import Stage, definition

from planes.control_plane.app import ControlPlane, open_control_plane
from planes.control_plane.loops.clock import run_clock
from planes.control_plane.loops.exchange import run_exchange
from planes.control_plane.services.work.ticking import fire_due
from planes.settings import ControlPlaneSettings
from planes.storage.control.runs import find_run, note_cancels_told, runs

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


_HOLDERS = (
    "from pg_locks where locktype = 'advisory' and granted "
    "and (classid::bigint << 32 | objid::bigint) = hashtextextended('scheduler', 1) "
    "and database = (select oid from pg_database where datname = current_database())"
)


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
async def second(stage: Stage, tmp_path: Path, database_url: str) -> AsyncGenerator[ControlPlane]:
    """Another control plane of the same database."""
    async with _another(stage, tmp_path, database_url) as plane:
        yield plane


@asynccontextmanager
async def _another(stage: Stage, folder: Path, database_url: str) -> AsyncGenerator[ControlPlane]:
    """With the keys that this folder holds."""
    settings = ControlPlaneSettings(
        folder=folder,
        public_url="http://127.0.0.1:8400",
        database_url=database_url,
        owner_key_file=folder / "owner.key",
        version="0",
    )
    plane = await open_control_plane(settings, stage.clock)
    try:
        yield plane
    finally:
        await plane.close()


async def _holders(stage: Stage) -> int:
    async with stage.parts.database.reading() as connection:
        return (await connection.execute(text(f"select count(*) {_HOLDERS}"))).scalar_one()


async def test_one_holds_the_scheduler_and_another_takes_over(stage: Stage, second: ControlPlane) -> None:
    with anyio.fail_after(240):
        async with (
            stage.parts.database.sole_holder("scheduler") as first,
            second.parts.database.sole_holder("scheduler") as refused,
        ):
            assert first is not None
            assert refused is None
            await first.check()
        async with second.parts.database.sole_holder("scheduler") as taken:
            assert taken is not None


async def test_scheduler_that_loses_its_connection_stops_and_comes_back(stage: Stage) -> None:
    await stage.deployed(definition("load", "every:1h"))
    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            group.start_soon(run_clock, stage.parts)
            while await _holders(stage) == 0:
                await anyio.sleep(0.05)
            async with stage.parts.database.alone() as connection:
                await connection.execute(text(f"select pg_terminate_backend(pid) {_HOLDERS}"))
            while await _holders(stage) > 0:
                await anyio.sleep(0.05)
            stage.clock.advance(hours=1)
            stage.parts.news.tell("clocks")
            while not await stage.runs():
                await anyio.sleep(0.1)
            group.cancel_scope.cancel()

    assert len(await stage.runs()) == 1


async def test_two_that_fire_at_once_fire_each_tick_once(stage: Stage, second: ControlPlane) -> None:
    await stage.deployed(*(definition(f"job{number}", "every:1h") for number in range(8)))
    for _ in range(3):
        stage.clock.advance(hours=1)
        async with anyio.create_task_group() as group:
            for parts in (stage.parts, second.parts):
                group.start_soon(fire_due, parts)
        for lease in (await stage.poll())["leases"]:
            assert (await stage.report(lease["run_id"], "completed")).status_code == 200

    assert len(await stage.runs(limit=100)) == 24


async def test_clock_set_by_one_wakes_the_scheduler_of_the_other(stage: Stage, second: ControlPlane) -> None:
    await stage.upload()
    with anyio.fail_after(50):
        async with anyio.create_task_group() as group:
            group.start_soon(run_exchange, stage.parts)
            group.start_soon(run_exchange, second.parts)
            group.start_soon(run_clock, second.parts)
            while second.parts.news.passes_on is None or await _holders(stage) == 0:
                await anyio.sleep(0.02)
            while second.parts.news.seen("probe") == 0:  # until both listen
                stage.parts.news.tell("probe")
                await anyio.sleep(0.02)
            now = stage.clock.now() - timedelta(hours=1)
            seen = second.parts.news.seen("eu1")
            await stage.deploy(definition("load", f"once:{now.isoformat()}"))
            while not await stage.runs():
                await anyio.sleep(0.02)
            stage.parts.news.tell("eu1")
            while second.parts.news.seen("eu1") == seen:
                await anyio.sleep(0.02)
            group.cancel_scope.cancel()


async def test_those_that_sign_with_keys_of_their_own_say_so(stage: Stage, tmp_path: Path, database_url: str) -> None:
    """Both do, whichever began first; those that share their keys have nothing to say."""
    with anyio.fail_after(240), capture_logs() as said:
        async with (
            _another(stage, tmp_path, database_url) as same,
            _another(stage, tmp_path / "other", database_url) as other,
            anyio.create_task_group() as group,
        ):
            for plane in (stage.parts, same.parts, other.parts):
                group.start_soon(run_exchange, plane)
            while len({line["own"] for line in said if line["event"] == "another_signing_key"}) < 2:
                await anyio.sleep(0.02)
            group.cancel_scope.cancel()

    keys = {plane.signing_keys.root.public.kid for plane in (stage.parts, other.parts)}
    found = [(line["own"], line["other"]) for line in said if line["event"] == "another_signing_key"]
    assert {own for own, _ in found} == keys
    assert all({own, told} == keys for own, told in found)


async def test_a_poll_that_waits_at_one_is_given_what_another_starts(stage: Stage, second: ControlPlane) -> None:
    ids = await stage.deployed(definition("load"))
    transport = httpx.ASGITransport(second.app, raise_app_exceptions=False)
    async with (
        httpx.AsyncClient(transport=transport, base_url=second.parts.public_url, timeout=240) as client,
        anyio.create_task_group() as group,
    ):
        for plane in (stage.parts, second.parts):
            group.start_soon(run_exchange, plane)
        while stage.parts.news.seen("probe") == 0:  # until it listens
            if second.parts.news.passes_on is not None:
                second.parts.news.passes_on("probe")
            await anyio.sleep(0.02)
        async with stage.waiting_polls() as polled:
            run = await replace(stage, plane=second, client=client).trigger(ids["load"])
        group.cancel_scope.cancel()
        assert [lease["run_id"] for lease in polled[0]["leases"]] == [run["id"]]


async def test_a_refresh_and_a_poll_do_not_wait_for_each_other(stage: Stage) -> None:
    """A start that clears watermarks holds runs under way, which a look for a region locks in the order of ids."""
    ids = await stage.deployed(*(definition(name, execute={"concurrency": None}) for name in ("load", "other")))
    started = {(await stage.trigger(job_id))["id"]: job_id for job_id in ids.values()}
    await stage.poll()
    for run_id in started:
        await stage.report(run_id, "running")
    low, high = sorted(started)
    answers: list[dict[str, Any]] = []

    async def refresh() -> None:
        answers.append(await stage.trigger(started[high], refresh=True))

    async with (
        stage.waiting_polls() as polled,
        anyio.create_task_group() as group,
        stage.parts.database.transaction() as connection,
    ):
        await find_run(connection, low, for_update=True)  # as a poll that renews does
        group.start_soon(refresh)
        while not answers and not await _somebody_waits(stage):
            await anyio.lowlevel.checkpoint()
        await find_run(connection, high, for_update=True)

    assert [lease["run_id"] for lease in polled[0]["leases"]] == [answers[0]["id"]]


async def test_a_poll_that_claims_what_was_forgotten_takes_runs_in_order(stage: Stage) -> None:
    """It holds one that waits here and one that was claimed; another transaction takes both in the order of ids."""
    load = (await stage.deployed(definition("load", execute={"concurrency": None})))["load"]
    low, high = sorted([(await stage.trigger(load))["id"] for _ in range(2)])
    await stage.report(low, "starting")
    answers: list[dict[str, Any]] = []

    async def poll() -> None:
        answers.append(await stage.poll(free=0, held=[(low, 1), (high, 1)]))

    async with anyio.create_task_group() as group:
        async with stage.parts.database.transaction() as connection:
            await find_run(connection, low, for_update=True)
            group.start_soon(poll)
            while not answers and not await _somebody_waits(stage):
                await anyio.lowlevel.checkpoint()
            await find_run(connection, high, for_update=True)
        await stage.trigger(load)
        while (await stage.run(high))["status"] == "pending":
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()

    assert [(await stage.run(run_id))["status"] for run_id in (low, high)] == ["starting", "starting"]


async def test_a_cancel_is_noted_as_told_in_the_order_of_runs(stage: Stage) -> None:
    load = (await stage.deployed(definition("load", execute={"concurrency": None})))["load"]
    high, low = sorted([(await stage.trigger(load))["id"] for _ in range(2)], reverse=True)
    async with stage.parts.database.transaction() as connection:
        for run_id in (high, low):  # so that the later one lies first
            await connection.execute(update(runs).where(runs.c.id == run_id).values(chain_depth=0))
    is_noted = anyio.Event()

    async def note() -> None:
        async with stage.parts.database.transaction() as connection:
            await note_cancels_told(connection, [high, low], stage.clock.now())
        is_noted.set()

    async with anyio.create_task_group() as group:
        async with stage.parts.database.transaction() as connection:
            await find_run(connection, low, for_update=True)
            group.start_soon(note)
            while not await _somebody_waits(stage):
                await anyio.lowlevel.checkpoint()
            await find_run(connection, high, for_update=True)
        await is_noted.wait()


async def _somebody_waits(stage: Stage) -> bool:
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with stage.parts.database.reading() as connection:
        return (await connection.execute(text(waiting))).scalar_one() > 0
