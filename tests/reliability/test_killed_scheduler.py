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
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from sqlalchemy import bindparam, select, update
from tests.fakes.control_stage import control_stage, definition
from tests.reliability.sizes import sized, tell

from planes.storage.control.clocks import clocks

pytestmark = pytest.mark.anyio

JOBS = sized(120, 3000)
TICKS_A_SECOND = 10
MOST_KILLS = sized(3, 40)


@contextmanager
def _control_plane(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Ready when the block begins; killed at its end."""
    with (home / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dlthub_tui.cli.main", "serve", "control", "--home", str(home), "--port", "0"],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())
        yield process
    finally:
        process.kill()
        assert process.wait(10) in (-signal.SIGKILL, 0)
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


@pytest.mark.timeout(sized(180, 1800))
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
