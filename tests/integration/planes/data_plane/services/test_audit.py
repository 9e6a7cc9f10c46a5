"""The region's audit log: who did what, unchangeable, and no change without its entry (Design: 9)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.archives import pack
from tests.fakes.data_plane import RunningDataPlane
from tests.fakes.workspaces import definition

from planes.data_plane.services.audit import GENESIS
from planes.data_plane.services.runs.gathering import Gathering
from planes.domain.errors import Unavailable
from planes.domain.identifiers import new_id
from planes.storage.data import audit as rows
from planes.storage.data.tables import audit_log
from planes.storage.errors import StorageError
from planes.wire.link import Lease

pytestmark = pytest.mark.anyio
BODY = {"profile": None, "upserts": [{"name": "A", "type": "secret", "value": "s3cret-value"}]}


async def entries(region: RunningDataPlane) -> list[dict[str, Any]]:
    async with region.plane.services.parts.database.reading() as connection:
        return [row async for row in rows.iterate(connection)]


async def leased(region: RunningDataPlane) -> Lease:
    code = await region.upload_deployment(pack({"a.py": b"x"}))
    settings = await region.upload_configuration(pack({"config.toml": b""}))
    return region.lease(
        deployment_id=code.json()["id"], configuration_id=settings.json()["id"], definition=definition("a")
    )


async def use(region: RunningDataPlane) -> None:
    """One of everything."""
    lease = await leased(region)
    await region.client.patch(region.path("/variables"), headers=region.headers(), json=BODY)
    await region.client.get(region.path("/variables"), headers=region.headers())
    for upload_id, row in region.control.versions.items():
        await region.client.get(region.path(f"/{row['kind']}/{upload_id}/files"), headers=region.headers())
    await gather(region, lease)


async def gather(region: RunningDataPlane, lease: Lease) -> None:
    gathering = Gathering(region.plane.services)
    gathered = await gathering.gather(lease, await gathering.plan(lease), "token")
    await gathering.write_down(lease, gathered, {})


async def test_every_access_is_written_down(region: RunningDataPlane) -> None:
    await use(region)

    written = await entries(region)
    assert [entry["action"] for entry in written] == [
        "deployment_uploaded", "configuration_uploaded", "variables_changed", "variables_read",
        "deployment_files_listed", "configuration_files_listed", "configuration_opened", "variables_resolved",
        "run_started",
    ]  # fmt: skip
    assert {entry["workspace_id"] for entry in written} == {region.workspace_id}
    assert all(entry["email"] == "dev@example.com" and len(entry["token_id"]) == 36 for entry in written[:-3])
    assert "s3cret" not in str(written)


async def test_an_upload_that_is_refused_for_what_is_in_it_is_written_down(region: RunningDataPlane) -> None:
    ids = [new_id() for _ in range(3)]
    refused = [
        await region.upload_deployment(b"s3cret-name.py", upload_id=ids[0]),
        await region.upload_deployment(pack({"a.py": b"x"}), b"s3cret", upload_id=ids[1]),
        await region.upload_configuration(pack({"prod.secrets.toml": b"a = s3cret-value"}), upload_id=ids[2]),
    ]

    assert [answer.status_code for answer in refused] == [400, 400, 400]
    written = await entries(region)
    assert [(entry["action"], entry["object_id"], entry["email"]) for entry in written] == [
        ("upload_refused", upload_id, "dev@example.com") for upload_id in ids
    ]
    assert [entry["details"] for entry in written] == [
        {"kind": "deployments", "reason": "archive_refused"},
        {"kind": "deployments", "reason": "requirements_refused"},
        {"kind": "configurations", "reason": "configuration_refused"},
    ]
    assert "s3cret" not in str(written)


async def test_the_chain_is_whole(region: RunningDataPlane) -> None:
    await use(region)

    state = await region.plane.services.audit.verify()
    assert (state.entries, state.broken_at) == (9, None)
    assert state.head != GENESIS


async def test_the_database_refuses_to_change_or_remove_an_entry(region: RunningDataPlane) -> None:
    await use(region)
    database = region.plane.services.parts.database

    for statement in (audit_log.update().values(actor="nobody"), audit_log.delete()):
        with pytest.raises(StorageError):
            async with database.transaction() as connection:
                await connection.execute(statement)


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'nobody'", "details = '{}'", "at = '2020-01-01 00:00:00.000000'",
        "details = 'no JSON'", "at = 'no time'", "actor = x'ff'",
    ],
)  # fmt: skip
async def test_a_changed_entry_is_found(region: RunningDataPlane, change: str) -> None:
    await use(region)
    async with region.plane.services.parts.database.transaction() as connection:
        await connection.exec_driver_sql("drop trigger audit_log_no_update")
        await connection.exec_driver_sql(f"update audit_log set {change} where number = 3")

    assert (await region.plane.services.audit.verify()).broken_at == 3
    path = f"/own/v1/workspaces/{region.workspace_id}/audit-chain"
    answer = (await region.client.get(path, headers=region.headers(role="owner"))).json()
    assert (answer["is_intact"], answer["broken_at"]) == (False, 3)
    path = f"/own/v1/workspaces/{region.workspace_id}/audit-entries"
    listed = await region.client.get(path, headers=region.headers(role="owner"))
    assert listed.status_code == 200, "one entry hides no other"
    assert 2 in [entry["number"] for entry in listed.json()["items"]]


async def test_a_removed_entry_is_found(region: RunningDataPlane) -> None:
    await use(region)
    async with region.plane.services.parts.database.transaction() as connection:
        await connection.exec_driver_sql("drop trigger audit_log_no_delete")
        await connection.exec_driver_sql("delete from audit_log where number = 3")

    assert (await region.plane.services.audit.verify()).broken_at == 4


async def forbid_entries(region: RunningDataPlane) -> None:
    async with region.plane.services.parts.database.transaction() as connection:
        await connection.exec_driver_sql(
            "create trigger no_entries before insert on audit_log begin select raise(abort, 'no room'); end"
        )


async def test_nothing_is_changed_without_its_entry(region: RunningDataPlane) -> None:
    await region.client.get(region.path("/variables"), headers=region.headers())
    lease = await leased(region)
    before = dict(region.control.versions), sorted((region.folder / "blobs").rglob("*"))
    await forbid_entries(region)

    changed = await region.client.patch(region.path("/variables"), headers=region.headers(), json=BODY)
    uploaded = await region.upload_deployment(pack({"b.py": b"y"}))

    for answer in (changed, uploaded):
        assert answer.status_code == 503
        assert answer.json()["code"] == "audit_unwritable"
        assert "Nothing was changed" in answer.json()["detail"]
    assert (region.control.versions, sorted((region.folder / "blobs").rglob("*"))) == before
    with pytest.raises(Unavailable):
        await gather(region, lease)


async def test_a_read_goes_on_without_its_entry_and_counts_it(region: RunningDataPlane) -> None:
    await region.client.patch(region.path("/variables"), headers=region.headers(), json=BODY)
    await forbid_entries(region)

    answer = await region.client.get(region.path("/variables"), headers=region.headers())

    assert answer.json()["scopes"][0]["variables"][0]["name"] == "A"
    assert region.plane.services.audit.unwritten == 1
