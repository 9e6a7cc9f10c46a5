"""What runs leave for the dashboard: kept scrubbed and sealed, laid out for dashboards of the workspace alone."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Generator
from typing import Any

import pytest
from tests.acceptance.marks import search
from tests.fakes.workspaces import LAUNCHERS, definition, with_entry_point
from tests.integration.planes.data_plane.running_region import RunningRegion

from planes.data_plane.executor.artifacts import Files, read_sent
from planes.data_plane.services.telemetry import artifacts as kept_artifacts
from planes.domain.identifiers import new_id
from planes.storage.data import artifacts

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SECRET = "s3cr3t-of-the-orchard"
MARK = "left-in-the-state"
# As dlt does at the end of a pipeline's run; values come from the environment.
LEAVES = """
import json, os, pathlib, pickle, sys
place = pathlib.Path(os.environ["SEND__ARTIFACTS__BUCKET_URL"].removeprefix("file://"))
assert json.loads(os.environ["SEND__ARTIFACTS__KWARGS"]) == {"auto_mkdir": True}
pipeline = place / "harvest"
(pipeline / "schemas").mkdir(parents=True)
(pipeline / "trace.pickle").write_bytes(pickle.dumps({"words": "ripe", "error": "at " + os.environ["GATE"]}))
state = {"trees": int(os.environ.get("TREES", 4)), "at": os.environ["GATE"]}
state["mark"] = "-".join("left in the state".split())
(pipeline / "state.json").write_text(json.dumps(state))
(pipeline / "schemas" / "orchard.schema.json").write_text("{}")
"""
# What the sync of dlt's dashboard finds.
SHOWS = """
import json, os, pathlib, time
place = pathlib.Path(os.environ["SYNC__ARTIFACTS__BUCKET_URL"].removeprefix("file://"))
assert os.environ["DASHBOARD__SYNC_FROM_RUNTIME"] == "true"
def found():
    return {str(path.relative_to(place)): path.read_bytes().hex() for path in place.rglob("*") if path.is_file()}
try:
    (place / "new").mkdir()
    print("writable")
except OSError:
    pass
print(json.dumps(found()), flush=True)
"""
DASHBOARD = with_entry_point(definition("app"), launcher=f"{LAUNCHERS}.dashboard")


@pytest.fixture
async def place(place: RunningRegion) -> RunningRegion:
    await place.set_variables(secret=True, GATE=SECRET)
    return place


async def left(place: RunningRegion, code: str = LEAVES, **values: Any) -> None:
    lease, outcome = await place.run(code, **values)
    assert outcome == "completed", await place.lines(lease, None)


async def shown(place: RunningRegion, profile: str = "access", code: str = SHOWS, **values: Any) -> dict[str, bytes]:
    """What a dashboard that starts now finds."""
    deployment = await place.deploy({"app.py": code.encode()})
    lease, outcome = await place.run(code, deployment_id=deployment, definition=DASHBOARD, profile=profile, **values)
    lines = await place.lines(lease)
    assert outcome == "completed", lines
    assert "writable" not in lines
    return {path: bytes.fromhex(content) for path, content in json.loads(lines[-1]).items()}


async def test_what_a_run_has_left_is_read_one_pipeline_at_a_time(
    place: RunningRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred pipelines of 16 MB each do not fit in memory."""
    done: list[str] = []
    monkeypatch.setattr(kept_artifacts, "read_sent", lambda run: _noted(done, read_sent(run)))
    monkeypatch.setattr(kept_artifacts, "scrub_pickle", lambda content, _: (done.append("scrubbed"), content)[1])

    await left(place, LEAVES + LEAVES.replace('"harvest"', '"pressing"'))

    assert done == ["harvest", "scrubbed", "pressing", "scrubbed"]


def _noted(done: list[str], sent: Generator[tuple[str, Files]]) -> Generator[tuple[str, Files]]:
    for name, files in sent:
        done.append(name)
        yield name, files


async def test_dashboard_finds_what_a_run_has_left(place: RunningRegion) -> None:
    await left(place)

    found = await shown(place)
    names = {"trace.pickle", "state.json", "schemas/orchard.schema.json"}
    assert set(found) == {f"{profile}/pipelines/harvest/{name}" for profile in ("prod", "access") for name in names}
    assert json.loads(found["prod/pipelines/harvest/state.json"])["trees"] == 4
    assert pickle.loads(found["access/pipelines/harvest/trace.pickle"])["words"] == "ripe"


async def test_it_holds_no_secret_and_lies_sealed(place: RunningRegion) -> None:
    await left(place)
    assert search(place.region.folder, {"secret": SECRET, "state": MARK}) == {}

    found = await shown(place)
    assert json.loads(found["prod/pipelines/harvest/state.json"])["mark"] == MARK
    assert pickle.loads(found["prod/pipelines/harvest/trace.pickle"])["error"] == "at [masked:GATE]"
    assert json.loads(found["prod/pipelines/harvest/state.json"])["at"] == "[masked:GATE]"


async def test_a_pipeline_that_is_named_by_a_secret_is_left_out(place: RunningRegion) -> None:
    named = "\n" + LEAVES.replace('place / "harvest"', 'place / ("harvest-" + os.environ["GATE"])')
    await left(place, LEAVES + named)

    found = await shown(place)

    assert {path.split("/")[2] for path in found} == {"harvest"}
    assert search(place.region.folder, {"secret": SECRET}) == {}


async def test_own_profile_comes_before_what_is_lent(place: RunningRegion) -> None:
    configuration = await place.configure({"prod.config.toml": b"", "access.config.toml": b""})
    await place.set_variables(profile="access", TREES="9")
    await left(place, profile="access", configuration_id=configuration)
    await left(place, configuration_id=configuration)

    found = await shown(place)
    trees = {path.split("/")[0]: json.loads(found[path])["trees"] for path in found if path.endswith("state.json")}
    assert trees == {"access": 9, "prod": 4}


async def test_running_dashboard_gets_what_comes_later(place: RunningRegion) -> None:
    waits = SHOWS.replace("try:", "while not list(place.rglob('state.json')): time.sleep(0.05)\ntry:", 1)
    deployment = await place.deploy({"app.py": waits.encode()})
    lease = await place.lease(waits, deployment_id=deployment, definition=DASHBOARD, profile="access")
    await place.control.wait_status(lease, "running")
    await left(place)
    assert await place.control.wait_end(lease) == "completed"

    lines = await place.lines(lease)
    assert "access/pipelines/harvest/state.json" in json.loads(lines[-1]), lines


async def test_another_workspace_finds_nothing(place: RunningRegion) -> None:
    await left(place)
    place.region.workspace_id = new_id()

    assert await shown(place) == {}


async def test_only_a_dashboard_is_told_and_may_read(place: RunningRegion) -> None:
    await left(place)
    lease, outcome = await place.run(
        "import os\nprint([name for name in os.environ if 'SYNC' in name])\n", profile="access"
    )

    assert outcome == "completed"
    assert await place.lines(lease) == ["[]"]
    assert not place.run_folder(lease).joinpath("artifacts").exists()


async def test_what_is_no_artifact_is_left_where_it_is(place: RunningRegion) -> None:
    own = place.region.folder / "secret-of-the-plane.json"
    own.write_text("{}")
    code = f"""{LEAVES}
os.symlink({str(own)!r}, pipeline / "schemas" / "linked.json")
os.mkfifo(pipeline / "schemas" / "pipe.json")
(pipeline / "more.bin").write_bytes(b"x")
(place / "linked").symlink_to("/etc")
(place / ("long" * 60)[:200]).mkdir()
large = place / "large"
large.mkdir()
with open(large / "state.json", "wb") as file:
    file.truncate(17 * 1024 * 1024)
odd = place / "odd"
odd.mkdir()
(odd / "trace.pickle").write_bytes(b"no pickle")
(odd / "state.json").write_bytes(bytes([255]))
"""
    await left(place, code)

    async with place.region.plane.services.parts.database.reading() as connection:
        rows = await artifacts.list_places(connection, place.region.workspace_id)
    assert [row["pipeline_name"] for row in rows] == ["harvest"]
    found = await shown(place)
    assert {path.rpartition("/")[2] for path in found} == {"trace.pickle", "state.json", "orchard.schema.json"}


@pytest.mark.parametrize("swapped", ["place.parent", "place"])
async def test_a_link_on_the_way_to_artifacts_opens_nobody_elses(place: RunningRegion, swapped: str) -> None:
    others = place.region.folder / "others"
    others.joinpath("artifacts/harvest").mkdir(parents=True)
    others.joinpath("artifacts/harvest/state.json").write_text("{}")
    target = others if swapped == "place.parent" else others / "artifacts"
    await left(place, f"{LEAVES}\n{swapped}.rename('aside')\n{swapped}.symlink_to({str(target)!r})\n")

    async with place.region.plane.services.parts.database.reading() as connection:
        assert await artifacts.list_places(connection, place.region.workspace_id) == []


async def test_nothing_is_left_on_the_disk_when_a_dashboard_is_over(place: RunningRegion) -> None:
    await left(place)
    await shown(place)

    names = {name for _, folders, files in os.walk(place.region.folder) for name in (*folders, *files)}
    assert not {name for name in names if "artifact" in name}
