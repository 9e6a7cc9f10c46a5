"""How a run's start is written down, and a run of which it cannot be, in a real region."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.integration.planes.data_plane.running_region import RunningRegion

from planes.data_plane.executor.layout import RunPlace
from planes.data_plane.services.runs import preparing, runs
from planes.data_plane.services.runs.gathering import Gathering
from planes.storage.blobs import Blobs
from planes.storage.data import runs as stored_runs
from planes.storage.errors import StorageError
from planes.wire.link import Lease

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SECRET = "s3cr3t-of-the-warehouse"
TOML_SECRET = "toml-password-77"


async def test_a_start_is_written_down_with_the_lease_where_nothing_is_to_be_waited_for(
    place: RunningRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    later: list[str] = []
    write_down = Gathering.write_down

    async def noted(gathering: Gathering, lease: Lease, *rest: Any) -> None:
        later.append(lease.run_id)
        await write_down(gathering, lease, *rest)

    monkeypatch.setattr(Gathering, "write_down", noted)
    deployment = await place.deploy({"job.py": b"print(1)\n"})
    first, _ = await place.run("", deployment_id=deployment)  # its code is unpacked meanwhile
    second, _ = await place.run("", deployment_id=deployment)
    place.control.hands_out_tokens = False
    third, _ = await place.run("", deployment_id=deployment)
    place.control.hands_out_tokens = True
    monkeypatch.setattr(Blobs, "are_here", False)  # as where they are in a bucket
    fourth, _ = await place.run("", deployment_id=deployment)

    assert later == [first.run_id, third.run_id, fourth.run_id]
    async with place.region.plane.services.parts.database.reading() as connection:
        rows = await connection.exec_driver_sql("select object_id from audit_log where action = 'run_started'")
        assert [row[0] for row in rows] == [first.run_id, second.run_id, third.run_id, fourth.run_id]


async def test_a_run_whose_step_cannot_be_made_ends_although_its_start_is_written_down(
    place: RunningRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = await place.deploy({"job.py": b"print(1)\n"})
    await place.run("", deployment_id=deployment)
    monkeypatch.setattr(preparing, "_MOST_PROCESS_BYTES", 1)

    lease, outcome = await place.run("", deployment_id=deployment)

    assert outcome == "failed"
    assert "The definition of this job is too large" in " ".join(await place.lines(lease, "setup"))
    assert place.control.statuses[lease.run_id] == ["starting", "failed"]


@pytest.mark.parametrize("is_first", [True, False])
async def test_no_secret_is_on_the_disk_where_the_entries_of_its_run_cannot_be_written(
    place: RunningRegion, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    deployment = await place.deploy({"job.py": b"print('started')\n"})
    if not is_first:
        await place.run("", deployment_id=deployment)
    await place.set_variables(secret=True, WAREHOUSE=SECRET)
    configuration = await place.configure({"prod.secrets.toml": f'password = "{TOML_SECRET}"\n'.encode()})
    async with place.region.plane.services.parts.database.transaction() as connection:
        await connection.exec_driver_sql(
            "create trigger no_starts before insert on audit_log when new.action = 'run_started' "
            "begin select raise(abort, 'no room'); end"
        )
    found: list[Path] = []
    furnished: list[str] = []
    end = runs.write_end

    def look_and_end(*arguments: Any) -> Any:
        found.extend(path for path in place.region.files_on_disk() if _holds_secret(path))
        return end(*arguments)

    monkeypatch.setattr(runs, "write_end", look_and_end)  # before the work folder is removed
    monkeypatch.setattr(RunPlace, "furnish", lambda *_: furnished.append("TOML"))

    lease, outcome = await place.run("", deployment_id=deployment, configuration_id=configuration)

    assert (outcome, await place.lines(lease)) == ("failed", [])
    assert (found, furnished) == ([], [])
    assert "Nothing was changed" in " ".join(await place.lines(lease, "setup"))


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_run_whose_lease_was_kept_by_a_commit_that_nobody_heard_of_is_carried(
    place: RunningRegion, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    deployment = await place.deploy({"job.py": b"print(1)\n"})
    if not is_first:
        await place.run("", deployment_id=deployment)
    database, add = place.region.plane.services.parts.database, stored_runs.add
    begin, added, unheard = database.transaction, anyio.Event(), anyio.Event()

    async def noted(*arguments: Any) -> None:
        await add(*arguments)
        added.set()

    @asynccontextmanager
    async def cut_off() -> AsyncGenerator[Any]:
        async with begin() as connection:
            yield connection
        if added.is_set() and not unheard.is_set():
            unheard.set()
            raise StorageError("the database failed: the connection is gone")

    monkeypatch.setattr(stored_runs, "add", noted)
    monkeypatch.setattr(database, "transaction", cut_off)
    lease = await place.lease("", deployment_id=deployment)
    await unheard.wait()
    place.control.lease(**lease.model_dump())  # as a lease of which nothing is heard comes again

    assert await place.control.wait_end(lease) == "completed"
    assert await place.lines(lease) == ["1"]


def _holds_secret(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # the region is at work meanwhile, and has removed it since it was listed
        return False
    return any(value.encode() in content for value in (SECRET, TOML_SECRET))


async def test_an_end_that_the_control_plane_does_not_know_any_more_is_told_again(place: RunningRegion) -> None:
    """It comes from a backup, or its database has lost what was last written."""
    lease, outcome = await place.run("print(1)\n")
    later, _ = await place.run("print(2)\n")
    goes_on = await place.lease("import time\nwhile True: time.sleep(0.05)\n")
    await place.control.wait_status(goes_on, "running")

    place.control.unheard = [lease, goes_on]
    await place.run("print(3)\n")
    with anyio.fail_after(60):
        while place.control.statuses[lease.run_id].count("completed") < 2:
            await anyio.sleep(0.01)
    place.control.cancel(goes_on)

    assert outcome == "completed"
    assert await place.control.wait_end(goes_on) == "cancelled"
    assert place.control.statuses[goes_on.run_id] == ["starting", "running", "cancelled"]
    assert place.control.statuses[later.run_id] == ["starting", "running", "completed"]


async def test_a_run_whose_lease_comes_with_its_cancel_is_not_started(place: RunningRegion) -> None:
    """Its first lease got lost on the way, and somebody has cancelled it since."""
    deployment = await place.deploy({"job.py": b"print(1)\n"})
    await place.run("", deployment_id=deployment)  # all is at hand: the next would start at once

    lease = await place.lease("", deployment_id=deployment)
    place.control.cancel(lease)  # by the same answer

    assert await place.control.wait_end(lease) == "cancelled"
    assert place.control.statuses[lease.run_id] == ["starting", "cancelled"]
    assert await place.lines(lease) == []
