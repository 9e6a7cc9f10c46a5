"""What logs leaked, from a real run to the routes: counts, events, leaks, rotation."""

from __future__ import annotations

import json

import pytest
from tests.integration.planes.data_plane.leaks.asking import (
    PRINTS,
    SECRET,
    WAITS,
    ask,
    ask_until,
    files_with,
    leak_of,
    lines_of,
    own,
    owner,
    stored_lines,
)
from tests.integration.planes.data_plane.running_region import RunningRegion

from planes.domain.access import Grant
from planes.domain.identifiers import new_id
from planes.storage.data import runs

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_leak_goes_from_a_printed_secret_to_its_rotation(place: RunningRegion) -> None:
    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    lease, outcome = await place.run(PRINTS)
    assert outcome == "completed"

    hits = await ask(place, f"/job-runs/{lease.run_id}/hits")
    leak = await leak_of(place, lease)
    events = (await ask(place, f"/events?run_id={lease.run_id}"))["items"]
    totals = await ask(place, "/hits")
    by_run = await ask(place, f"/hits/-by-run?run_id={new_id()}&run_id={lease.run_id.upper()}")

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
        for line in (json.loads(text) for text in stored_lines(place, lease).splitlines())
        if "[masked:WAREHOUSE_KEY]" in line["content"]
    ]
    assert leak["lines"] == numbers
    assert (leak["state"], leak["count"], leak["present_version"]) == ("open", 3, 1)
    assert [(event["kind"], event["rule"], event["count"]) for event in events] == [
        ("job_prints_secrets", "WAREHOUSE_KEY", 3)
    ]
    assert totals["total"] == 3
    assert by_run == {"totals": {lease.run_id: 3}}
    assert totals["by_rule"] == [{"rule": "WAREHOUSE_KEY", "kind": "secret", "count": 3, "runs": 1}]
    assert totals["by_job"] == [{"job_ref": lease.job_ref, "count": 3, "runs": 1}]
    assert (await ask(place, "/hits?until=2020-01-01T00:00:00Z&since=2019-01-01T00:00:00Z"))["total"] == 0

    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET + "-new")

    assert (await ask(place, f"/leaks/{leak['id']}"))["state"] == "rotated"
    assert (await ask(place, "/leaks?state=open"))["items"] == []
    assert (await ask(place, "/leaks?state=rotated"))["total"] == 1


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
    patterns = [
        {"name": "customer-id", "pattern": "KD-[0-9]{8}"},
        {"name": "WAREHOUSE_KEY", "pattern": "shelf-[0-9]{3}"},
    ]
    settings = {"pii": [], "patterns": patterns, "allowed": [SECRET]}
    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    path = own(place, "/scrub-settings")
    answer = await place.region.client.put(path, json=settings, headers=owner(place))
    assert answer.status_code == 200, answer.text

    lease, _ = await place.run(PRINTS + "print('of KD-12345678')\nprint('in shelf-417')\n")
    leak = await leak_of(place, lease)

    lines = await lines_of(place, lease)
    assert "of [masked:customer-id]" in lines
    assert lines.count("key is [masked:WAREHOUSE_KEY]") == 3  # what is allowed never allows a registered value
    # A pattern that is named like a secret is not taken for it.
    assert "in [masked:WAREHOUSE_KEY-pattern]" in lines
    assert (leak["name"], leak["count"]) == ("WAREHOUSE_KEY", 3)
    assert files_with(place.region.folder, "KD-[0-9]") == []


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
    unknown = await client.get(own(place, f"/job-runs/{new_id()}/leaks"), headers=developer)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    for asked in (viewer, developer):
        assert (await client.post(own(place, "/rescrubs"), json={}, headers=asked)).status_code == 403
        assert (await client.put(own(place, "/scrub-settings"), json={}, headers=asked)).status_code == 403
        assert (await client.get(own(place, "/scrub-settings"), headers=asked)).status_code == 403
