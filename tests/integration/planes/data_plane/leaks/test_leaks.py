"""What logs leaked, from a real run to the routes: counts, events, leaks, rotation, and scrubbing stored logs again."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.postgres import HAS_POSTGRES, running_postgres
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region

from planes.data_plane.services.beacon import ReportKind
from planes.domain.access import Grant
from planes.domain.identifiers import new_id
from planes.storage.data import runs
from planes.wire.link import Lease

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SECRET = "s3cr3t-of-the-warehouse"
PRINTS = "import os\nprint('first')\nfor _ in range(3): print('key is', os.environ['WAREHOUSE_KEY'])\n"
WAITS = (
    "import os, time\n"
    "print('key is', os.environ['WAREHOUSE_KEY'], flush=True)\n"
    "while not os.path.exists('.dlt/data/prod/go'): time.sleep(0.01)\n"
)


@pytest.fixture
def folder() -> Generator[Path]:
    with open_folder("region-") as opened:
        yield opened


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.skipif(not HAS_POSTGRES, reason="no initdb"))]
)
def database(request: pytest.FixtureRequest) -> Generator[dict[str, str]]:
    if request.param == "sqlite":
        yield {}
        return
    with running_postgres() as url:
        yield {"database_url": url}


@pytest.fixture
async def place(folder: Path, database: dict[str, str]) -> AsyncGenerator[RunningRegion]:
    async with (
        LeasingControlPlane().serving() as control,
        running_region(folder / "eu1", control, None, **database) as running,
    ):
        yield running


@pytest.fixture
async def sqlite_place(folder: Path) -> AsyncGenerator[RunningRegion]:
    async with LeasingControlPlane().serving() as control, running_region(folder / "eu1", control) as running:
        yield running


def own(place: RunningRegion, rest: str) -> str:
    return f"/own/v1/workspaces/{place.region.workspace_id}{rest}"


def owner(place: RunningRegion) -> dict[str, str]:
    return place.region.headers(role="owner")


async def lines_of(place: RunningRegion, lease: Lease) -> list[str]:
    """The contents of the stored log, with the names in masks."""
    answer = await place.region.client.get(place.log_path(lease), headers=owner(place))
    assert answer.status_code == 200, answer.text
    return [json.loads(line)["content"] for line in answer.text.splitlines()]


async def ask(place: RunningRegion, rest: str, **headers: str) -> Any:
    answer = await place.region.client.get(own(place, rest), headers=headers or owner(place))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ask_until(place: RunningRegion, rest: str, is_right: Any) -> Any:
    with anyio.fail_after(30):
        while True:
            found = await ask(place, rest)
            if is_right(found):
                return found
            await anyio.sleep(0.02)


async def leak_of(place: RunningRegion, lease: Lease) -> Any:
    found = await ask_until(place, f"/job-runs/{lease.run_id}/leaks", lambda answer: answer["items"])
    return found["items"][0]


async def finished_rescrub(place: RunningRegion, *, states: tuple[str, ...] = ("done", "failed")) -> Any:
    def newest_is_over(answer: Any) -> bool:
        return bool(answer["items"]) and answer["items"][0]["state"] in states

    return (await ask_until(place, "/rescrubs", newest_is_over))["items"][0]


def stored_bytes(place: RunningRegion, lease: Lease) -> str:
    return "\n".join(
        line
        for path in (place.run_folder(lease) / "ctl" / "segments").rglob("*.ndjson")
        for line in path.read_text().splitlines()
    )


async def test_leak_goes_from_a_printed_secret_to_its_rotation(place: RunningRegion) -> None:
    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    lease, outcome = await place.run(PRINTS)
    assert outcome == "completed"

    hits = await ask(place, f"/job-runs/{lease.run_id}/hits")
    leak = await leak_of(place, lease)
    events = (await ask(place, f"/events?run_id={lease.run_id}"))["items"]
    totals = await ask(place, "/hits")

    assert hits["is_final"]
    assert {"rule": "WAREHOUSE_KEY", "kind": "secret", "count": 3} in hits["hits"]
    assert (leak["name"], leak["origin"], leak["scope"], leak["version"]) == (
        "WAREHOUSE_KEY",
        "variable",
        "workspace",
        1,
    )
    numbers = [
        line["line_num"]
        for line in (json.loads(text) for text in stored_bytes(place, lease).splitlines())
        if "[masked:WAREHOUSE_KEY]" in line["content"]
    ]
    assert leak["lines"] == numbers
    assert (leak["state"], leak["count"], leak["present_version"]) == ("open", 3, 1)
    assert [(event["kind"], event["rule"], event["count"]) for event in events] == [
        ("job_prints_secrets", "WAREHOUSE_KEY", 3)
    ]
    assert totals["total"] == 3
    assert totals["by_rule"] == [{"rule": "WAREHOUSE_KEY", "kind": "secret", "count": 3, "runs": 1}]
    assert totals["by_job"] == [{"job_ref": lease.job_ref, "count": 3, "runs": 1}]
    assert (await ask(place, "/hits?until=2020-01-01T00:00:00Z&since=2019-01-01T00:00:00Z"))["total"] == 0

    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET + "-new")

    assert (await ask(place, f"/leaks/{leak['id']}"))["state"] == "rotated"
    assert (await ask(place, "/leaks?state=open"))["items"] == []
    assert (await ask(place, "/leaks?state=rotated"))["total"] == 1


async def test_secret_printed_before_it_was_one_is_masked_in_what_is_stored(place: RunningRegion) -> None:
    await place.set_variables(WAREHOUSE_KEY=SECRET)
    trace = {"pipeline_name": "p", "transaction_id": "t", "started_at": "2026-01-01T00:00:00Z", "steps": [
        {"step": "load", "step_exception": "cannot connect with VALUE"}]}  # fmt: skip
    reports = (
        "import json, os, urllib.request\n"
        f"body = json.dumps({trace!r}).replace('VALUE', os.environ['WAREHOUSE_KEY']).encode()\n"
        "url = os.environ['RUNTIME__DLTHUB_DSN'] + '/trace'\n"
        "urllib.request.urlopen(urllib.request.Request(url, body, method='PUT')).read()\n"
    )
    lease, outcome = await place.run(PRINTS + reports)
    assert outcome == "completed"
    before = await lines_of(place, lease)
    assert sum(SECRET in line for line in before) == 3

    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    rescrub = await finished_rescrub(place)

    after = await lines_of(place, lease)
    assert after == [line.replace(SECRET, "[masked:WAREHOUSE_KEY]") for line in before]
    assert rescrub["reason"] == "variable_set"
    assert (rescrub["state"], rescrub["runs_total"], rescrub["runs_done"]) == ("done", 1, 1)
    assert (rescrub["lines_changed"], rescrub["documents_changed"]) == (3, 1)
    assert rescrub["variables"] == [{"scope": "workspace", "name": "WAREHOUSE_KEY", "version": 2}]
    assert any("backups" in words for words in rescrub["not_reached"])
    path = f"/telemetry/v1/workspaces/{place.region.workspace_id}/pipeline-runs"
    telemetry = (await place.region.client.get(path, headers=owner(place))).json()["items"][0]
    detail = await place.region.client.get(f"{path}/{telemetry['id']}/trace", headers=owner(place))
    assert SECRET not in json.dumps(telemetry) + detail.text
    assert "[masked:WAREHOUSE_KEY]" in detail.text
    leak = await leak_of(place, lease)
    assert (leak["name"], leak["version"], leak["count"], leak["state"]) == ("WAREHOUSE_KEY", 2, 3, "open")
    assert not [path for path in place.region.folder.rglob("*") if path.is_file() and SECRET in _text(path)]


def _text(path: Path) -> str:
    return path.read_bytes().decode("latin-1")


async def test_run_that_goes_on_is_scrubbed_after_its_end(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    await place.set_variables(WAREHOUSE_KEY=SECRET)
    lease = await place.lease(WAITS)
    await place.control.wait_status(lease, "running")

    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    waiting = await finished_rescrub(place, states=("waiting",))
    (place.run_folder(lease) / "work" / ".dlt" / "data" / "prod" / "go").touch()
    assert await place.control.wait_end(lease) == "completed"
    rescrub = await finished_rescrub(place)

    assert (waiting["runs_waiting"], waiting["runs_done"]) == (1, 0)
    assert (rescrub["state"], rescrub["runs_done"], rescrub["lines_changed"]) == ("done", 1, 1)
    assert not [line for line in await lines_of(place, lease) if SECRET in line]


async def test_value_replaced_while_a_rescrub_waits_is_still_looked_for(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    await place.set_variables(WAREHOUSE_KEY=SECRET)
    lease = await place.lease(WAITS)
    await place.control.wait_status(lease, "running")

    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    await place.set_variables(secret=True, WAREHOUSE_KEY="another-value-entirely")
    (place.run_folder(lease) / "work" / ".dlt" / "data" / "prod" / "go").touch()
    await place.control.wait_end(lease)
    await ask_until(place, "/rescrubs", lambda answer: {each["state"] for each in answer["items"]} == {"done"})

    assert not [line for line in await lines_of(place, lease) if SECRET in line]


async def test_rescrub_goes_on_after_a_restart(folder: Path) -> None:
    async with LeasingControlPlane().serving() as control:
        async with running_region(folder / "eu1", control) as place:
            await place.set_variables(WAREHOUSE_KEY=SECRET)
            lease = await place.lease(WAITS)
            await control.wait_status(lease, "running")
            await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
        (place.run_folder(lease) / "work" / ".dlt" / "data" / "prod" / "go").touch()
        async with running_region(folder / "eu1", control, place.region) as again:
            await control.wait_end(lease)
            rescrub = await finished_rescrub(again)

            assert (rescrub["state"], rescrub["lines_changed"]) == ("done", 1)
            assert not [line for line in await lines_of(again, lease) if SECRET in line]


async def test_late_report_of_a_run_is_scrubbed_with_what_was_registered_since(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    await place.set_variables(WAREHOUSE_KEY=SECRET)
    lease, _ = await place.run(PRINTS)
    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    await finished_rescrub(place)

    beacon = place.region.plane.running.beacon
    async with place.region.plane.services.parts.database.reading() as connection:
        run = await runs.find(connection, lease.run_id)
    assert run is not None
    report = {"type": "t", "engine_version": 1, "result": f"connected with {SECRET}"}
    await beacon.take(run, ReportKind.JOB_RESULT, json.dumps(report).encode())
    path = f"/telemetry/v1/workspaces/{place.region.workspace_id}/job-runs/{lease.run_id}/result"
    result = (await place.region.client.get(path, headers=owner(place))).json()

    assert result["result"] == "connected with [masked:WAREHOUSE_KEY]"


async def test_active_runs_with_the_old_value_and_readers_are_told(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    lease, _ = await place.run(PRINTS)
    leak = await leak_of(place, lease)
    assert leak["reader_count"] == 0
    going = await place.lease(WAITS)
    await place.control.wait_status(going, "running")
    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET + "-new")
    after = await place.lease(WAITS)
    await place.control.wait_status(after, "running")

    somebody = owner(place)
    for path in (place.log_path(lease), own(place, f"/job-runs/{lease.run_id}/lines")):
        assert (await place.region.client.get(path, headers=somebody)).status_code == 200
    detail = await ask(place, f"/leaks/{leak['id']}")

    assert detail["state"] == "rotated"
    assert [(run["run_id"], run["version"]) for run in detail["active_runs"]] == [(going.run_id, 1)]
    assert [reader["count"] for reader in detail["readers"]] == [2]
    assert detail["reader_count"] == 1
    assert after.run_id not in json.dumps(detail["active_runs"])
    (place.run_folder(going) / "work" / ".dlt" / "data" / "prod" / "go").touch()
    for each in (going, after):
        await place.control.wait_end(each)
    assert (await ask(place, f"/leaks/{leak['id']}"))["active_runs"] == []


async def test_secret_of_a_configuration_is_rotated_by_another_configuration(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    first = await place.configure({"secrets.toml": b'[db]\npassword = "toml-password-77"\n'})
    code = "import tomllib\nprint(tomllib.load(open('.dlt/secrets.toml', 'rb'))['db']['password'])\n"
    lease, _ = await place.run(code, configuration_id=first)
    leak = await leak_of(place, lease)
    await place.configure({"secrets.toml": b'[db]\npassword = "toml-password-77"\nmore = "another-one"\n'})
    unchanged = await ask(place, f"/leaks/{leak['id']}")
    await place.configure({"secrets.toml": b'[db]\npassword = "toml-password-78"\n'})
    changed = await ask(place, f"/leaks/{leak['id']}")

    assert (leak["name"], leak["origin"]) == ("DB__PASSWORD", "configuration")
    assert (unchanged["state"], changed["state"]) == ("open", "rotated")


async def test_credential_of_the_run_itself_is_expired(sqlite_place: RunningRegion) -> None:
    lease, _ = await sqlite_place.run("import os\nprint(os.environ['RUNTIME__AUTH_TOKEN'])\n")

    leak = await leak_of(sqlite_place, lease)

    assert (leak["name"], leak["origin"], leak["state"]) == ("RUNTIME__AUTH_TOKEN", "platform", "expired")


async def test_log_of_a_run_whose_counts_were_lost_is_counted(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    lease, _ = await place.run(PRINTS)
    await leak_of(place, lease)
    parts = place.region.plane.services.parts
    async with parts.database.transaction() as connection:
        await runs.change(connection, lease.run_id, {"masked": None, "examined_at": None})

    before = await ask(place, f"/job-runs/{lease.run_id}/hits")
    place.region.plane.services.examining.wake()
    after = await ask_until(place, f"/job-runs/{lease.run_id}/hits", lambda answer: answer["is_final"])

    assert not before["is_final"]
    assert {"rule": "WAREHOUSE_KEY", "kind": "secret", "count": 3} in after["hits"]


async def test_settings_of_scrubbing_reach_the_next_run(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    settings = {"pii": [], "patterns": [{"name": "customer-id", "pattern": "KD-[0-9]{8}"}], "allowed": [SECRET]}
    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    path = own(place, "/scrub-settings")
    answer = await place.region.client.put(path, json=settings, headers=owner(place))
    assert answer.status_code == 200, answer.text

    lease, _ = await place.run(PRINTS + "print('of KD-12345678')\n")

    lines = await lines_of(place, lease)
    assert "of [masked:customer-id]" in lines
    assert lines.count("key is [masked:WAREHOUSE_KEY]") == 3  # what is allowed never allows a registered value
    assert not [path for path in place.region.folder.rglob("*") if path.is_file() and "KD-[0-9]" in _text(path)]


async def test_viewer_sees_counts_without_names_and_no_leaks(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    lease, _ = await place.run(PRINTS)
    leak = await leak_of(place, lease)
    viewer = place.region.headers(Grant.READ, role="viewer")
    developer = place.region.headers(Grant.READ, role="developer")

    seen = json.dumps([
        await ask(place, path, **viewer) for path in (f"/job-runs/{lease.run_id}/hits", "/hits", "/events")
    ])  # fmt: skip

    assert "WAREHOUSE_KEY" not in seen
    assert '"registered"' in seen
    client = place.region.client
    for path in (
        "/leaks",
        f"/leaks/{leak['id']}",
        f"/job-runs/{lease.run_id}/leaks",
        "/rescrubs",
        f"/rescrubs/{new_id()}",
    ):
        assert (await client.get(own(place, path), headers=viewer)).status_code == 403
    assert (await client.get(own(place, "/leaks"), headers=developer)).status_code == 200
    for asked in (viewer, developer):
        assert (await client.post(own(place, "/rescrubs"), json={}, headers=asked)).status_code == 403
        assert (await client.put(own(place, "/scrub-settings"), json={}, headers=asked)).status_code == 403
        assert (await client.get(own(place, "/scrub-settings"), headers=asked)).status_code == 403
