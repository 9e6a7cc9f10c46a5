"""A leak is open as long as any variable has the printed value, whatever it is called and wherever it was printed."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

import pytest
from tests.fakes.workspaces import requirements
from tests.integration.planes.data_plane.leaks.asking import (
    PRINTS,
    WAITS,
    ask,
    ask_until,
    files_with,
    finished_rescrub,
    leak_of,
    lines_of,
    owner,
)
from tests.integration.planes.data_plane.running_region import RunningRegion

from planes.wire.link import Lease

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def new_value() -> str:
    return f"v{secrets.token_hex(12)}"


async def patch(
    place: RunningRegion, *, profile: str | None = None, deletes: tuple[str, ...] = (), **values: str
) -> None:
    """Sets secrets and removes variables in one request."""
    upserts = [{"name": name, "type": "secret", "value": value} for name, value in values.items()]
    body: dict[str, Any] = {"profile": profile, "upserts": upserts, "deletes": list(deletes)}
    answer = await place.region.client.patch(place.region.path("/variables"), json=body, headers=place.region.headers())
    assert answer.status_code == 200, answer.text


async def state_of(place: RunningRegion, leak: Any) -> tuple[str, list[tuple[str | None, str, int]]]:
    """The state of a leak, and which variables have its value."""
    found = await ask(place, f"/leaks/{leak['id']}")
    return found["state"], [(each["profile"], each["name"], each["version"]) for each in found["held_by"]]


def go(place: RunningRegion, lease: Lease) -> None:
    (place.run_folder(lease) / "work" / ".dlt" / "data" / "prod" / "go").touch()


async def test_same_value_set_again_is_no_rotation_and_the_old_one_set_again_opens_the_leak(
    place: RunningRegion,
) -> None:
    value = new_value()
    await patch(place, WAREHOUSE_KEY=value)
    lease, _ = await place.run(PRINTS)
    leak = await leak_of(place, lease)

    await patch(place, WAREHOUSE_KEY=value)
    again = await state_of(place, leak)
    await patch(place, WAREHOUSE_KEY=new_value())
    other = await state_of(place, leak)
    await patch(place, WAREHOUSE_KEY=value)
    back = await state_of(place, leak)
    listed = (await ask(place, "/leaks?state=open"))["items"]

    assert again == ("open", [(None, "WAREHOUSE_KEY", 2)])
    assert other == ("rotated", [])
    assert back == ("open", [(None, "WAREHOUSE_KEY", 4)])
    assert [each["id"] for each in listed] == [leak["id"]]


async def test_value_of_two_variables_leaks_until_both_have_another(sqlite_place: RunningRegion) -> None:
    place, value = sqlite_place, new_value()
    await patch(place, WAREHOUSE_KEY=value, COPY_OF_KEY=value)
    lease, _ = await place.run(PRINTS)
    leak = await leak_of(place, lease)

    both = await state_of(place, leak)
    await place.set_variables(secret=True, **{leak["name"]: new_value()})
    one = await state_of(place, leak)
    (other,) = {"WAREHOUSE_KEY", "COPY_OF_KEY"} - {leak["name"]}
    await place.set_variables(secret=True, **{other: new_value()})
    none = await state_of(place, leak)

    assert both == ("open", [(None, "COPY_OF_KEY", 1), (None, "WAREHOUSE_KEY", 1)])
    assert one == ("open", [(None, other, 1)])
    assert none == ("rotated", [])


async def test_renamed_variable_still_has_the_leaked_value_and_so_have_its_runs(sqlite_place: RunningRegion) -> None:
    place, value = sqlite_place, new_value()
    await patch(place, WAREHOUSE_KEY=value)
    lease, _ = await place.run(PRINTS)
    leak = await leak_of(place, lease)
    await patch(place, deletes=("WAREHOUSE_KEY",), RENAMED_KEY=value)
    going = await place.lease(WAITS.replace("WAREHOUSE_KEY", "RENAMED_KEY"))
    await place.control.wait_status(going, "running")

    renamed = await ask(place, f"/leaks/{leak['id']}")
    await patch(place, RENAMED_KEY=new_value())
    rotated = await ask(place, f"/leaks/{leak['id']}")
    await patch(place, deletes=("RENAMED_KEY",))
    deleted = await state_of(place, leak)
    go(place, going)
    await place.control.wait_end(going)

    assert (renamed["state"], renamed["present_version"]) == ("open", None)
    assert [each["name"] for each in renamed["held_by"]] == ["RENAMED_KEY"]
    assert [run["run_id"] for run in renamed["active_runs"]] == [going.run_id]
    assert rotated["state"] == "rotated"
    assert [run["run_id"] for run in rotated["active_runs"]] == [going.run_id]
    assert deleted == ("rotated", [])


async def test_value_of_a_profile_is_rotated_there(sqlite_place: RunningRegion) -> None:
    place = sqlite_place
    of_all, of_prod = new_value(), new_value()
    await patch(place, WAREHOUSE_KEY=of_all)
    await patch(place, profile="prod", WAREHOUSE_KEY=of_prod)
    lease, _ = await place.run(PRINTS)
    leak = await leak_of(place, lease)

    await patch(place, WAREHOUSE_KEY=new_value())
    elsewhere = await state_of(place, leak)
    await patch(place, profile="prod", WAREHOUSE_KEY=new_value())
    there = await state_of(place, leak)

    assert (leak["scope"], leak["version"], leak["profile"]) == ("profile:prod", 1, "prod")
    assert elsewhere == ("open", [("prod", "WAREHOUSE_KEY", 1)])
    assert there == ("rotated", [])


@pytest.mark.parametrize(
    "code",
    [
        "raise ValueError(f'cannot open with {key}')",
        "import base64; print(base64.b64encode(f'user:{key}'.encode()).decode())",
        "import json, urllib.parse; print(json.dumps({'a': urllib.parse.quote(key + '/?')}), key.encode().hex())",
        "import sys; sys.stderr.write('\\x1b[31m' + key[:9] + '\\x1b[0m' + key[9:] + '\\n')",
    ],
    ids=["exception", "base64", "quoted-and-hex", "colours"],
)
async def test_leak_is_found_whatever_form_it_was_printed_in(sqlite_place: RunningRegion, code: str) -> None:
    place, value = sqlite_place, new_value()
    await patch(place, WAREHOUSE_KEY=value)
    lease, _ = await place.run(f"import os\nkey = os.environ['WAREHOUSE_KEY']\nprint('first')\n{code}\n")
    leak = await leak_of(place, lease)

    lines = await lines_of(place, lease)
    marked = [number for number, line in enumerate(lines) if "[masked:WAREHOUSE_KEY]" in line]

    assert marked
    assert leak["lines"] == marked
    assert (leak["name"], leak["version"], leak["state"]) == ("WAREHOUSE_KEY", 1, "open")
    forms = (value, base64.b64encode(value.encode()).decode().rstrip("=")[:-1], value.encode().hex())
    assert not [form for form in forms if files_with(place.region.folder, form)]


async def test_leak_in_the_output_of_a_build_has_its_line(sqlite_place: RunningRegion) -> None:
    place, value = sqlite_place, new_value()
    await patch(place, WAREHOUSE_KEY=value)
    deployment = await place.deploy({"job.py": b"print('first')\n"}, requirements("dlt", f"no-such-{value}"))

    lease, outcome = await place.run("", deployment_id=deployment)
    leak = await leak_of(place, lease)
    answer = await place.region.client.get(place.log_path(lease), headers=owner(place))
    lines = [json.loads(line) for line in answer.text.splitlines()]

    assert outcome == "failed"
    assert leak["lines"] == [line["line_num"] for line in lines if "[masked:WAREHOUSE_KEY]" in line["content"]]
    assert {lines[number]["source"] for number in leak["lines"]} == {"setup"}


async def test_leak_of_a_run_in_flight_is_told_at_its_end_with_who_read_meanwhile(sqlite_place: RunningRegion) -> None:
    place, value = sqlite_place, new_value()
    await patch(place, WAREHOUSE_KEY=value)
    lease = await place.lease(WAITS)
    await place.control.wait_status(lease, "running")
    meanwhile = await ask(place, f"/job-runs/{lease.run_id}/leaks")
    await ask_until(place, f"/job-runs/{lease.run_id}/lines", lambda found: "masked" in json.dumps(found))
    reads = (await ask(place, f"/job-runs/{lease.run_id}/lines"))["total"]
    go(place, lease)
    await place.control.wait_end(lease)

    leak = await leak_of(place, lease)
    detail = await ask(place, f"/leaks/{leak['id']}")

    assert meanwhile["items"] == []
    assert reads > 0
    assert (leak["count"], leak["state"]) == (1, "open")
    assert sum(reader["count"] for reader in detail["readers"]) >= 2


async def test_value_printed_before_it_was_a_secret_is_of_the_scope_that_the_run_was_given(
    sqlite_place: RunningRegion,
) -> None:
    place, value = sqlite_place, new_value()
    await place.set_variables(profile="prod", WAREHOUSE_KEY=value)
    lease, _ = await place.run(PRINTS)
    await patch(place, profile="dev", WAREHOUSE_KEY=value)
    await finished_rescrub(place)
    leak = await leak_of(place, lease)

    assert (leak["scope"], leak["version"]) == ("profile:dev", 1)
    assert await state_of(place, leak) == ("open", [("dev", "WAREHOUSE_KEY", 1), ("prod", "WAREHOUSE_KEY", 1)])
