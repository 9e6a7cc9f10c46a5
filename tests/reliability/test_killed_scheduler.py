"""R1, R3: a real control plane is killed (`kill -9`) again and again while its ticks fall due: each fires once."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy import bindparam, select, update
from tests.fakes.control_stage import control_stage, definition
from tests.reliability.sizes import sized, tell

from planes.storage.control.clocks import clocks
from planes.tokens.keys import SigningKey
from planes.tokens.link_proof import sign_call

pytestmark = pytest.mark.anyio

JOBS = sized(120, 3000)
TICKS_A_SECOND = 10
MOST_KILLS = sized(3, 40)


@contextmanager
def _control_plane(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Ready when the block begins; killed at its end."""
    with _serving(home) as (process, _):
        yield process


@contextmanager
def _serving(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The same with its address."""
    with (home / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dlthub_tui.cli.main", "serve", "control", "--home", str(home), "--port", "0"],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())["control_plane"]
    finally:
        process.kill()
        assert process.wait(240) in (-signal.SIGKILL, 0)
        process.stdout.close()


def _runs(database: Path) -> Counter[str]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=15)) as connection:
        return Counter(row[0] for row in connection.execute("select job_id from runs"))


async def _fill(folder: Path) -> None:
    """Jobs with an hourly clock each, whose first moments are close to each other."""
    async with control_stage(folder, f"sqlite+aiosqlite:///{folder / 'control.db'}") as stage:
        await stage.deployed(*(definition(f"job{number}", "every:1h") for number in range(JOBS)))
        async with stage.parts.database.transaction() as connection:
            begin = datetime.now(UTC) + timedelta(seconds=6)
            moments = [
                {"of_job": job_id, "at": begin + timedelta(seconds=number / TICKS_A_SECOND)}
                for number, job_id in enumerate((await connection.execute(select(clocks.c.job_id))).scalars().all())
            ]
            change = update(clocks).where(clocks.c.job_id == bindparam("of_job")).values(next_fire_at=bindparam("at"))
            await connection.execute(change, moments)


@pytest.mark.timeout(sized(1200, 1800))
async def test_scheduler_killed_in_the_middle_of_its_ticks_fires_each_once() -> None:
    chance, kills, in_the_middle = random.Random(11), 0, 0
    with tempfile.TemporaryDirectory(prefix="dlthub-tui-ticks-") as root:
        home = Path(root)
        folder = home / "control"
        folder.mkdir(mode=0o700)
        await _fill(folder)
        database = folder / "control.db"
        while (done := _runs(database)).total() < JOBS:
            with _control_plane(home):
                wanted = JOBS if kills == MOST_KILLS else done.total() + chance.randrange(1, 30)
                while _runs(database).total() < min(wanted, JOBS):
                    await anyio.sleep(0.01)
                await anyio.sleep(chance.random() / 5)  # two ticks' time: any point of one
            in_the_middle += 0 < _runs(database).total() < JOBS
            kills += 1
        done = _runs(database)
        with closing(sqlite3.connect(database)) as connection:
            whole = connection.execute("pragma integrity_check").fetchone()[0]
            standing = connection.execute("select count(*) from clocks where next_fire_at is null").fetchone()[0]

    assert set(done.values()) == {1}
    assert (len(done), whole, standing) == (JOBS, "ok", 0)
    assert in_the_middle > 0
    tell("R3 killed scheduler", f"{JOBS} ticks, {kills} kills, {in_the_middle} with ticks still due: each fired once")


@pytest.mark.timeout(sized(1200, 1800))
async def test_backfill_of_a_control_plane_that_is_killed_loses_and_doubles_no_slice() -> None:
    """A region reports each slice's end; the control plane is killed at any point of it, and told again."""
    chance, kills, slices = random.Random(12), 0, sized(24, 400)
    with tempfile.TemporaryDirectory(prefix="dlthub-tui-slices-") as root:
        home = Path(root)
        folder = home / "control"
        folder.mkdir(mode=0o700)
        async with control_stage(folder, f"sqlite+aiosqlite:///{folder / 'control.db'}") as stage:
            ids = await stage.deployed(definition("load", "every:1h"))
            end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
            stage.clock.set(datetime.now(UTC))
            body = {
                "slice": "1h", "parallel": 4, "start": (end - timedelta(hours=slices)).isoformat(),
                "end": end.isoformat(),
            }  # fmt: skip
            path = f"/own/v1/workspaces/{stage.workspace_id}/jobs/{ids['load']}/backfills"
            answer = await stage.client.post(path, json=body, headers=stage.owner.headers)
            assert answer.status_code == 201, answer.text
            region, database = Region(stage.keys["eu1"]), folder / "control.db"
        while _states(database) != {"completed": slices}:
            with _serving(home) as (process, url):
                async with httpx.AsyncClient(base_url=url, timeout=240) as client:
                    for _ in range(chance.randrange(2)):
                        await region.end_something(client)
                    async with anyio.create_task_group() as group:
                        group.start_soon(region.end_something, client)
                        await anyio.sleep(chance.random() / 8)
                        process.kill()
                        kills += 1
        with closing(sqlite3.connect(database)) as connection:
            rows = connection.execute("select interval_start, status from runs").fetchall()
            state = connection.execute("select state from backfills").fetchone()[0]

    assert Counter(row[0] for row in rows).total() == len({row[0] for row in rows}) == slices
    assert {row[1] for row in rows} == {"completed"}
    assert state == "completed"
    tell("backfill, killed control plane", f"{slices} slices, {kills} kills: each loaded by one run")


@dataclass
class Region:
    """A data plane that ends what it is given. It outlives control planes: what one did not hear, the next does."""

    key: SigningKey
    held: dict[str, int] = field(default_factory=dict[str, int])

    async def end_something(self, client: httpx.AsyncClient) -> None:
        """What is left of before, then one poll, and the end of all that it brought."""
        with suppress(httpx.TransportError):
            await self._end_held(client)
            body = {"free_slots": 4, "held": [], "url": "http://127.0.0.1:8402", "epoch": 0}
            leases = (await self._call(client, "POST", "-poll", body)).json()["leases"]
            self.held |= {lease["run_id"]: lease["fence"] for lease in leases}
            await self._end_held(client)

    async def _end_held(self, client: httpx.AsyncClient) -> None:
        for run_id, fence in list(self.held.items()):
            for status in ("running", "completed"):
                report = {"fence": fence, "status": status, "at": datetime.now(UTC).isoformat()}
                await self._call(client, "PUT", f"runs/{run_id}/status", report)
            del self.held[run_id]

    async def _call(self, client: httpx.AsyncClient, method: str, rest: str, body: Any) -> httpx.Response:
        content, path = json.dumps(body).encode(), f"/link/v1/{rest}"
        token = sign_call(self.key, "eu1", method, path, content, datetime.now(UTC))
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        answer = await client.request(method, path, content=content, headers=headers)
        assert answer.status_code in {200, 409}, answer.text
        return answer


def _states(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=15)) as connection:
        return dict(connection.execute("select state, count(*) from backfill_slices group by state"))
