"""Settings of scrubbing over their routes: what is taken, what is refused, and that nothing lies open."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import RunningDataPlane, running_data_plane

from planes.data_plane.services.audit import Action
from planes.storage.data import audit
from planes.storage.data.audit import EntryFilter
from planes.storage.keyset import Bounds

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WORD = "words-that-are-nobodys-business"


@pytest.fixture
async def region(tmp_path: Path, database: dict[str, str]) -> AsyncGenerator[RunningDataPlane]:
    async with (
        FakeControlPlane().serving() as control,
        running_data_plane(tmp_path / "eu1", control, **database) as running,  # type: ignore[arg-type]
    ):
        yield running


def path(region: RunningDataPlane, rest: str = "/scrub-settings") -> str:
    return f"/own/v1/workspaces/{region.workspace_id}{rest}"


async def put(region: RunningDataPlane, **settings: Any) -> httpx.Response:
    return await region.client.put(path(region), json=settings, headers=region.headers(role="owner"))


async def get(region: RunningDataPlane) -> Any:
    return (await region.client.get(path(region), headers=region.headers(role="owner"))).json()


async def test_settings_come_back_as_they_were_put_and_lie_sealed(region: RunningDataPlane) -> None:
    before = await get(region)
    wanted = {"pii": [], "patterns": [{"name": "customer", "pattern": f"{WORD}-[0-9]+"}], "allowed": [f"{WORD}!"]}

    first, second = await put(region, **wanted), await put(region, **wanted)
    after = await get(region)

    assert (before["version"], before["patterns"], before["allowed"], before["updated_at"]) == (0, [], [], None)
    assert (first.status_code, first.json()["version"], second.json()["version"]) == (200, 1, 2)
    assert {name: after[name] for name in wanted} == wanted
    assert isinstance(after["known_pii"], list)
    assert after["updated_by"] is not None
    assert not [file for file in region.files_on_disk() if WORD.encode() in file.read_bytes()]


async def test_change_is_audited_without_its_words(region: RunningDataPlane) -> None:
    await put(region, patterns=[{"name": "customer", "pattern": f"{WORD}-[0-9]+"}])

    async with region.plane.services.parts.database.reading() as connection:
        entries = (
            await audit.list_page(connection, EntryFilter(workspace_id=region.workspace_id), Bounds(limit=10))
        ).items
    entry = next(each for each in entries if each["action"] == Action.SCRUB_SETTINGS_CHANGED)
    assert entry["details"] == {"pii": [], "patterns": 1, "allowed": 0}
    assert (await region.plane.services.audit.verify()).broken_at is None


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"patterns": [{"name": "a", "pattern": f"({WORD}"}]}, "patterns.0.pattern"),
        ({"patterns": [{"name": "a", "pattern": f"(?={WORD})x+"}]}, "patterns.0.pattern"),
        ({"patterns": [{"name": "a", "pattern": ".*"}]}, "patterns.0.pattern"),
        ({"patterns": [{"name": "a]b", "pattern": "KD-[0-9]{8}"}]}, "patterns.0.name"),
        ({"patterns": [{"name": "a", "pattern": "KD-[0-9]{8}"}, {"name": "a", "pattern": "KE-[0-9]{8}"}]},
         "patterns.1.name"),
        ({"pii": [WORD]}, "pii.0"),
        ({"allowed": ["fine-text", "abc"]}, "allowed.1"),
        ({"allowed": [f"{WORD}\nand another line"]}, "allowed.0"),
    ],
)  # fmt: skip
async def test_unfit_settings_are_refused_by_their_place_and_not_quoted(
    region: RunningDataPlane, settings: dict[str, Any], key: str
) -> None:
    answer = await put(region, **settings)

    assert answer.status_code == 400
    assert [reason["key"] for reason in answer.json()["extra"]] == [key]
    assert WORD not in answer.text
    assert (await get(region))["version"] == 0


async def test_times_and_variables_that_mean_nothing_are_refused(region: RunningDataPlane) -> None:
    headers = region.headers(role="owner")
    naive = await region.client.get(path(region, "/hits?since=2026-01-01T00:00:00"), headers=headers)
    body = {"variables": [{"profile": None, "name": "NOT_THERE"}]}
    unknown = await region.client.post(path(region, "/rescrubs"), json=body, headers=headers)
    absent = [
        await region.client.get(path(region, rest), headers=headers)
        for rest in ("/leaks/nothing", "/rescrubs/nothing", "/job-runs/nothing/hits")
    ]

    assert (naive.status_code, unknown.status_code) == (400, 400)
    assert unknown.json()["extra"][0]["key"] == "variables.0"
    assert {answer.status_code for answer in absent} == {404}


async def test_setting_a_secret_where_nothing_ever_ran_asks_for_nothing(region: RunningDataPlane) -> None:
    upserts = [{"name": "KEY", "type": "secret", "value": "s3cret-value"}]
    body = {"profile": None, "upserts": upserts}
    answer = await region.client.patch(region.path("/variables"), headers=region.headers(), json=body)
    listed = await region.client.get(path(region, "/rescrubs"), headers=region.headers(role="owner"))

    assert answer.status_code == 200
    assert listed.json()["items"] == []
