"""Uploads that were never answered become visible or go, once nothing can change what they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import Table, select, update
from tests.fakes.archives import pack
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import RunningDataPlane, running_data_plane

from planes.data_plane.services.uploads.leftovers import AGE
from planes.domain.errors import Unavailable
from planes.domain.identifiers import new_id
from planes.storage.data.tables import audit_log, configurations, deployments

pytestmark = pytest.mark.anyio
CODE = {"jobs.py": b"print('hello')\n"}
TOML = {"prod.config.toml": b"[a]\nb = 1\n"}


def blobs(region: RunningDataPlane) -> list[Path]:
    return [path for path in (region.folder / "blobs").rglob("*") if path.is_file()]


async def rows(region: RunningDataPlane, *tables: Table) -> Sequence[Any]:
    async with region.plane.services.parts.database.reading() as connection:
        return [row for table in tables for row in (await connection.execute(select(table))).all()]


async def age(region: RunningDataPlane, by: timedelta) -> None:
    """Lets what was uploaded so far be older."""
    async with region.plane.services.parts.database.transaction() as connection:
        for table in (deployments, configurations):
            at = region.plane.services.parts.clock.now() - by
            await connection.execute(update(table).values(created_at=at))


async def leave_unanswered(region: RunningDataPlane, archive: bytes | None = None) -> tuple[str, str]:
    """A deployment and a configuration whose write-back was sent and not answered."""
    ids = (new_id(), new_id())
    region.control.drops = True
    for answer in (
        await region.upload_deployment(archive or pack(CODE), upload_id=ids[0]),
        await region.upload_configuration(pack(TOML), upload_id=ids[1]),
    ):
        assert answer.status_code == 503
    region.control.drops = False
    return ids


async def files_of(region: RunningDataPlane, kind: str, upload_id: str) -> int:
    answer = await region.client.get(region.path(f"/{kind}/{upload_id}/files"), headers=region.headers())
    return answer.status_code


async def test_upload_that_the_control_plane_took_becomes_visible(region: RunningDataPlane) -> None:
    deployment, configuration = await leave_unanswered(region)
    await age(region, AGE + timedelta(seconds=1))

    assert await region.plane.services.leftovers.collect() == 2
    assert await region.plane.services.leftovers.collect() == 0
    assert await files_of(region, "deployments", deployment) == 200
    assert await files_of(region, "configurations", configuration) == 200
    assert len(blobs(region)) == 2


async def test_upload_that_nobody_took_is_removed(region: RunningDataPlane) -> None:
    ids = await leave_unanswered(region)
    region.control.versions.clear()
    await age(region, AGE + timedelta(seconds=1))

    await region.plane.services.leftovers.collect()

    assert await rows(region, deployments, configurations) == []
    assert blobs(region) == []
    dropped = [row for row in await rows(region, audit_log) if row.action == "upload_dropped"]
    assert {row.object_id for row in dropped} == set(ids)
    assert (await region.plane.services.audit.verify()).broken_at is None


async def test_archive_that_a_version_has_stays(region: RunningDataPlane) -> None:
    archive = pack(CODE)
    kept = (await region.upload_deployment(archive)).json()["id"]
    dropped, _ = await leave_unanswered(region, archive)
    del region.control.versions[dropped]
    await age(region, AGE + timedelta(seconds=1))

    await region.plane.services.leftovers.collect()

    assert [row.id for row in await rows(region, deployments)] == [kept]
    assert len(blobs(region)) == 2  # the archive, and the configuration that was taken
    assert await files_of(region, "deployments", kept) == 200


async def test_young_upload_and_an_unreachable_control_plane_change_nothing(region: RunningDataPlane) -> None:
    await leave_unanswered(region)
    region.control.versions.clear()
    await age(region, AGE - timedelta(minutes=1))
    young = await region.plane.services.leftovers.collect()
    await age(region, AGE + timedelta(minutes=1))
    region.control.answers_with = 500

    with pytest.raises(Unavailable):
        await region.plane.services.leftovers.collect()

    assert young == 0
    assert len(await rows(region, deployments, configurations)) == 2
    assert len(blobs(region)) == 2


@pytest.mark.parametrize("died", ["before the blob was written", "before the row was removed"])
async def test_what_a_death_left_goes_at_the_next_start(tmp_path: Path, died: str) -> None:
    """Both leave a row without a blob; in between there is never a blob without a row."""
    async with FakeControlPlane().serving() as control:
        async with running_data_plane(tmp_path / "eu1", control) as region:
            await leave_unanswered(region)
            control.versions.clear()
            await age(region, AGE + timedelta(seconds=1))
            for path in blobs(region)[: 1 if died == "before the row was removed" else None]:
                path.unlink()
        async with running_data_plane(tmp_path / "eu1", control) as again:
            with anyio.fail_after(240):
                while await rows(again, deployments, configurations):
                    await anyio.sleep(0.02)

            assert blobs(again) == []
