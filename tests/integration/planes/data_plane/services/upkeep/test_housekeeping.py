"""A real region removes what it no longer keeps: never what is in use, and whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import select, update
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder, requirements
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region, until

from planes.data_plane.services.upkeep.housekeeping import Housekeeping, Report
from planes.data_plane.services.upkeep.removals import Kind
from planes.domain.retention import Retention
from planes.storage.data import runs as stored
from planes.storage.data.runs import runs
from planes.storage.data.tables import audit_log, deployments
from planes.wire.link import Lease

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

HELLO = "print('hello')\n"
WAITS = "import time\nprint('started', flush=True)\nwhile True: time.sleep(0.05)\n"
# Ends itself, without a word, before the Nth thing that it renames or removes.
DIES = """
import os, signal, sys
left = int(sys.argv[1])
def count(event, args):
    global left
    if event in ("os.rename", "os.remove", "os.rmdir", "shutil.rmtree"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
import anyio
from pathlib import Path
from functools import partial
from planes.host import housekeeping
settings = {f"DLTHUB_TUI_KEEP_{name}_DAYS": "1" for name in ("LOGS", "ENVIRONMENTS", "CODE")}
print(anyio.run(partial(housekeeping.tidy, Path(sys.argv[2]), settings, is_dry_run=False)))
"""


@pytest.fixture
def home() -> Generator[Path]:
    with open_folder("keeping-") as opened:
        (opened / "data").mkdir(mode=0o711)
        yield opened


@pytest.fixture
async def place(home: Path) -> AsyncGenerator[RunningRegion]:
    async with serving(home) as running:
        yield running


@asynccontextmanager
async def serving(home: Path) -> AsyncGenerator[RunningRegion]:
    async with LeasingControlPlane().serving() as control, running_region(home / "data" / "eu1", control) as running:
        yield running


def keeping(place: RunningRegion, **limits: Any) -> Housekeeping:
    services = place.region.plane.services
    return Housekeeping(services.parts, services.audit, Retention(**limits))


def counts(report: Report) -> dict[Kind, int]:
    assert report.failed == 0
    return {kind: count for kind, (count, _) in report.removed.items()}


async def age(place: RunningRegion, days: int, *leases: Lease) -> None:
    """Lets runs have come and ended earlier; all of them, and what they used, where none is named."""
    parts = place.region.plane.services.parts
    at = parts.clock.now() - timedelta(days=days)
    await until(lambda: not list(place.region.folder.glob("orgs/*/workspaces/*/runs/*/work.left")))
    chosen = runs.c.id.in_([lease.run_id for lease in leases]) if leases else runs.c.id.is_not(None)
    async with parts.database.transaction() as connection:
        ended = runs.c.ended_at.is_not(None)
        await connection.execute(update(runs).where(chosen, ended).values(leased_at=at, ended_at=at, examined_at=at))
    if not leases:
        age_files(place, days)


def age_files(place: RunningRegion, days: int) -> None:
    at = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    for pattern in ("orgs/*/trees/*", "orgs/*/workspaces/*/environments/*", "orgs/*/workspaces/*/uv-cache"):
        for path in place.region.folder.glob(pattern):
            os.utime(path, (at, at), follow_symlinks=False)


def environments(place: RunningRegion) -> list[str]:
    return sorted(path.name for path in place.region.folder.glob("orgs/*/workspaces/*/environments/*"))


def trees(place: RunningRegion) -> list[str]:
    return sorted(path.name for path in place.region.folder.glob("orgs/*/trees/*"))


async def audited(place: RunningRegion, action: str) -> list[Any]:
    async with place.region.plane.services.parts.database.reading() as connection:
        return list((await connection.execute(select(audit_log).where(audit_log.c.action == action))).all())


async def deploy_other(place: RunningRegion) -> str:
    """Newer code with other requirements, so that nothing of the older is current any more."""
    return await place.deploy({"job.py": b"print('newer')\n"}, requirements("dlt", "colorama"))


async def test_an_old_log_goes_and_every_route_says_when_and_why(place: RunningRegion) -> None:
    old, _ = await place.run(HELLO)
    young, _ = await place.run("print('young')\n")
    await age(place, 91, old)

    report = await keeping(place).tidy()

    assert counts(report) == {Kind.LOG: 1}
    assert not place.run_folder(old).exists()
    assert await place.lines(young) == ["young"]
    owner = place.region.headers(role="owner")
    own = f"/own/v1/workspaces/{old.workspace_id}/job-runs/{old.run_id}"
    for path in (place.log_path(old), place.log_path(old, "log-stream"), f"{own}/lines", f"{own}/log-stream",
                 f"{own}/lines/-search?query=x", f"{own}/lines/-download"):  # fmt: skip
        answer = await place.region.client.get(path, headers=owner)
        assert answer.status_code == 410, path
        body = answer.json()
        assert body["code"] == "log_removed"
        assert body["detail"].startswith("The log was removed on ")
        assert "(kept for 90 days)" in body["detail"]
    (entry,) = await audited(place, "log_removed")
    assert entry.object_id == old.run_id
    assert entry.details["why"] == "age"
    leaks = await place.region.client.get(f"{own}/leaks", headers=owner)
    assert leaks.status_code == 200


async def test_logs_beyond_the_room_go_oldest_first(place: RunningRegion) -> None:
    leases = [(await place.run(f"print('x' * 30_000, {number})\n"))[0] for number in range(3)]
    for number, lease in enumerate(leases):
        await age(place, 30 - number, lease)
    folder = place.run_folder(leases[0])
    size = sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))

    report = await keeping(place, log_bytes=int(size * 2.5)).tidy()

    assert counts(report) == {Kind.LOG: 1}
    assert [place.run_folder(lease).exists() for lease in leases] == [False, True, True]
    answer = await place.region.client.get(place.log_path(leases[0]), headers=place.region.headers())
    assert "keeps only so much" in answer.json()["detail"]


async def test_nothing_that_a_live_run_uses_goes(place: RunningRegion) -> None:
    lease = await place.lease(WAITS)
    await until(lambda: "running" in place.control.statuses.get(lease.run_id, []))
    await deploy_other(place)
    await age(place, 500)

    report = await keeping(place, log_bytes=1, environment_days=1, environment_bytes=1, code_days=1).tidy()

    assert report.removed == {}
    assert len([name for name in environments(place) if "." not in name]) == 1
    place.control.cancel(lease)
    assert await place.control.wait_end(lease) == "cancelled"
    await age(place, 500)
    assert counts(await keeping(place, environment_days=1, code_days=1, log_days=1).tidy()) == {
        Kind.LOG: 1, Kind.ENVIRONMENT: 1, Kind.CACHE: 1, Kind.CODE: 1,
    }  # fmt: skip


async def test_what_the_newest_code_uses_stays_however_old(place: RunningRegion) -> None:
    await place.run(HELLO)
    newest = await place.deploy({"job.py": b"print('same requirements')\n"})
    await age(place, 500)

    report = await keeping(place, environment_days=1, code_days=1, log_days=0).tidy()

    # The environment serves the newest code too; the older code's tree and the build's cache do not.
    assert Kind.ENVIRONMENT not in counts(report)
    assert counts(report)[Kind.CODE] == 1
    lease, outcome = await place.run("", deployment_id=newest)
    assert outcome == "completed"
    assert await place.lines(lease, "setup") == []


async def test_a_run_of_removed_environment_and_code_builds_and_unpacks_them_again(place: RunningRegion) -> None:
    first, _ = await place.run(HELLO)
    await deploy_other(place)
    await age(place, 500)
    removed = counts(await keeping(place, environment_days=1, code_days=1, log_days=1).tidy())
    assert removed == {Kind.LOG: 1, Kind.ENVIRONMENT: 1, Kind.CACHE: 1, Kind.CODE: 1}
    assert trees(place) == environments(place) == []
    assert {len(await audited(place, f"{what}_removed")) for what in ("environment", "cache", "code", "log")} == {1}

    again, outcome = await place.run("", deployment_id=first.deployment_id, configuration_id=first.configuration_id)

    assert outcome == "completed"
    assert await place.lines(again) == ["hello"]
    assert await place.lines(again, "setup")


async def test_what_nobody_needs_goes_when_it_is_asked_for_and_once(place: RunningRegion) -> None:
    await place.run(HELLO)
    (first,) = [name for name in environments(place) if "." not in name]
    place.control.clean_before = datetime.now(UTC)
    await place.run(HELLO)  # its lease comes with the answer that asks for it
    assert first in environments(place)  # the newest code's

    await deploy_other(place)
    place.control.clean_before = datetime.now(UTC)
    await place.run("", deployment_id=await deploy_other(place))
    with anyio.fail_after(240):
        while not (entries := await audited(place, "environment_removed")):
            await anyio.sleep(0.01)

    (entry,) = entries
    assert first not in environments(place)
    assert (entry.object_id, entry.details["why"]) == (first, "asked")
    assert not await place.region.plane.services.housekeeping.clean(place.control.clean_before)


async def test_a_plan_changes_nothing(place: RunningRegion) -> None:
    lease, _ = await place.run(HELLO)
    await deploy_other(place)
    await age(place, 500)
    before = sorted(place.region.folder.rglob("*"))

    planned = await keeping(place, environment_days=1, code_days=1).plan()

    assert counts(planned) == {Kind.LOG: 1, Kind.ENVIRONMENT: 1, Kind.CACHE: 1, Kind.CODE: 1}
    assert all(size > 0 for _, size in planned.removed.values())
    assert sorted(place.region.folder.rglob("*")) == before
    assert await place.lines(lease) == ["hello"]


async def test_a_log_that_is_to_be_looked_through_stays(place: RunningRegion) -> None:
    lease, _ = await place.run(HELLO)
    await age(place, 500)
    parts = place.region.plane.services.parts
    async with parts.database.transaction() as connection:
        await stored.change(connection, lease.run_id, {"examined_at": None})

    await keeping(place).tidy()

    assert place.run_folder(lease).exists()


async def test_a_secret_set_after_a_log_was_removed_is_looked_for_in_the_rest(place: RunningRegion) -> None:
    await place.run(HELLO)
    await age(place, 500)
    await keeping(place).tidy()

    await place.set_variables(secret=True, LATE="a-secret-of-later")

    path = f"/own/v1/workspaces/{place.region.workspace_id}/rescrubs"
    with anyio.fail_after(240):
        while True:
            answer = await place.region.client.get(path, headers=place.region.headers(role="owner"))
            if answer.json()["items"][0]["state"] == "done":
                break
            await anyio.sleep(0.05)


async def test_leftovers_of_killed_work_go(place: RunningRegion) -> None:
    lease, _ = await place.run(HELLO)
    workspace = place.run_folder(lease).parent.parent
    stray = workspace / "runs" / "00000000-0000-4000-8000-000000000000"
    (stray / "ctl").mkdir(parents=True)
    await age(place, 1, lease)
    for left in ("work", "work.left"):
        (place.run_folder(lease) / left / "deep").mkdir(parents=True)
    (workspace / "environments" / ("a" * 24 + ".building")).mkdir()
    (workspace / "environments" / ("b" * 24 + ".gone")).mkdir()
    (workspace / "uv-cache.gone").mkdir()
    os.utime(stray, (1, 1))

    report = await keeping(place).tidy()

    assert counts(report) == {Kind.LEFTOVER: 6}
    assert sorted(path.name for path in (workspace / "runs").iterdir()) == [lease.run_id]
    assert await place.kept_of(lease) == ["ctl"]
    assert await place.lines(lease) == ["hello"]


async def test_links_that_a_job_leaves_lead_to_nothing(place: RunningRegion, home: Path) -> None:
    precious = home / "precious"
    precious.mkdir()
    (precious / "file").write_text("stays")
    lease, _ = await place.run(HELLO)
    environments_folder = place.run_folder(lease).parent.parent / "environments"
    (environments_folder / ("c" * 24)).symlink_to(precious)
    await age(place, 500)

    await keeping(place, environment_days=1).tidy()

    assert (precious / "file").read_text() == "stays"
    assert not (environments_folder / ("c" * 24)).is_symlink()


async def killed_pass(home: Path, number: int) -> int:
    """A pass of a process of its own that is killed before the Nth removal; its exit code."""
    ended = await anyio.run_process([sys.executable, "-c", DIES, str(number), str(home)], check=False)
    return ended.returncode


async def test_a_pass_killed_anywhere_is_finished_by_the_next(home: Path) -> None:
    async with serving(home) as place:
        kept_lease, _ = await place.run("print('kept')\n")
        kills = 0
        for number in (1, 2, 3, 5, 8, 13, 40, 200, 1000, 3000):
            lease, outcome = await place.run(
                f"print('turn {number}')\n",
                deployment_id=await place.deploy({"job.py": f"print('turn {number}')\n".encode()}),
            )
            assert outcome == "completed"
            await deploy_other(place)
            await age(place, 500, lease)
            age_files(place, 500)

            killed = await killed_pass(home, number) == -signal.SIGKILL

            kills += killed
            report = await keeping(place, log_days=1, environment_days=1, code_days=1).tidy()
            assert report.failed == 0
            assert counts(await keeping(place, log_days=1, environment_days=1, code_days=1).tidy()) == {}
            assert not place.run_folder(lease).exists()
            assert [name for name in (*trees(place), *environments(place)) if "gone" in name or name[0] == "."] == []
            assert await place.lines(kept_lease) == ["kept"]
            assert (await place.region.plane.services.audit.verify()).broken_at is None
        removed = await audited(place, "log_removed")

    assert kills >= 6
    assert len(removed) == len({entry.object_id for entry in removed}) == 10


async def test_the_command_says_what_it_removed_and_by_which_limits(
    place: RunningRegion, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, _ = await place.run(HELLO)
    await age(place, 500)

    async def gc(*words: str) -> Any:
        command = [sys.executable, "-m", "dlthub_tui.cli.main", "admin", "gc", "--home", str(home), *words]
        ended = await anyio.run_process(command, check=False)
        return ended.returncode, (ended.stdout + ended.stderr).decode()

    code, said = await gc("--dry-run")
    assert (code, "eu1: would remove 1 log of an ended run (" in said) == (0, True), said
    assert place.run_folder(lease).exists()
    code, said = await gc("--json")
    assert code == 0
    assert json.loads(said)["regions"]["eu1"]["logs"]["count"] == 1
    assert not place.run_folder(lease).exists()
    assert json.loads((await gc("--json"))[1])["limits"]["log_days"] == 90
    monkeypatch.setenv("DLTHUB_TUI_KEEP_LOGS_DAYS", "1")
    monkeypatch.setenv("DLTHUB_TUI_KEEP_ENVIRONMENTS_GB", "0")
    assert (await gc())[1] == (
        "eu1: removed nothing.\nLimits: logs 1 day and 50.0 GiB, environments 30 days and any size, unpacked code "
        "30 days; by DLTHUB_TUI_KEEP_… of this shell, not by those of a service.\n"
    )


async def test_versions_are_left_alone(place: RunningRegion) -> None:
    await place.run(HELLO)
    await age(place, 5000)

    await keeping(place, log_days=1, environment_days=1, code_days=1).tidy()

    async with place.region.plane.services.parts.database.reading() as connection:
        rows = (await connection.execute(select(deployments))).all()
    assert [row.retired_at for row in rows] == [None]
    assert len(list((place.region.folder / "blobs").rglob("*/deployments/*"))) == 1
