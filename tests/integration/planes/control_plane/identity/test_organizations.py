from __future__ import annotations

from datetime import datetime

import anyio
import pytest
from sqlalchemy import text
from tests.fakes.identity_stage import Caller, IdentityStage, ok

from planes.domain.identifiers import new_id
from planes.storage.errors import AlreadyThere

pytestmark = pytest.mark.anyio
ORGANIZATION_KEYS = {"id", "name", "description", "dataplane_id", "created_at", "updated_at"}
WORKSPACE_KEYS = {
    "id", "name", "description", "organization_id", "dataplane_id", "dataplane_url", "created_at", "updated_at",
    "archived_at", "is_playground", "predefined_profiles",
}  # fmt: skip


async def test_first_me_creates_an_organization_without_region_and_no_workspace(
    stage: IdentityStage, owner: Caller
) -> None:
    me = ok(await stage.get("/api/v1/me", owner))

    assert set(me) == {
        "email", "user_id", "name", "organization_membership_id", "primary_organization", "latest_organization",
        "latest_workspace", "organization_memberships",
    }  # fmt: skip
    assert set(me["primary_organization"]) == ORGANIZATION_KEYS
    assert me["primary_organization"]["dataplane_id"] is None
    assert me["latest_workspace"] is None
    assert datetime.fromisoformat(me["primary_organization"]["created_at"]).utcoffset() is not None
    assert ok(await stage.get("/api/v1/me", owner)) == me


async def test_racing_first_calls_of_me_create_one_organization(stage: IdentityStage, owner: Caller) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(stage.get, "/api/v1/me", owner)

    assert ok(await stage.get("/api/v1/organizations", owner))["total"] == 1


async def test_setting_the_region_creates_the_playground_and_works_once(stage: IdentityStage, owner: Caller) -> None:
    organization = ok(await stage.get("/api/v1/me", owner))["primary_organization"]["id"]
    path = f"/api/v1/organizations/{organization}/-set-region"
    unknown = await stage.post(path, owner, {"dataplane_id": "mars1"})
    changed = ok(await stage.post(path, owner, {"dataplane_id": "eu1"}))

    second = await stage.post(path, owner, {"dataplane_id": "us1"})
    same = await stage.post(path, owner, {"dataplane_id": "eu1"})
    playground = ok(await stage.get("/api/v1/me", owner))["latest_workspace"]

    assert unknown.status_code == 400
    assert changed["dataplane_id"] == "eu1"
    assert (second.status_code, same.status_code) == (409, 409)
    assert set(playground) == WORKSPACE_KEYS
    assert (playground["is_playground"], playground["dataplane_url"]) == (True, "http://127.0.0.1:8402")
    assert playground["predefined_profiles"] == {"DATA_WRITE": "prod", "DATA_READ": "access"}


async def test_racing_region_choices_leave_one_region(stage: IdentityStage, owner: Caller) -> None:
    organization = await stage.organization(owner, dataplane_id=None)
    path = f"/api/v1/organizations/{organization}/-set-region"
    statuses: list[int] = []

    async def choose(dataplane_id: str) -> None:
        statuses.append((await stage.post(path, owner, {"dataplane_id": dataplane_id})).status_code)

    async with anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(choose, "eu1" if number % 2 else "us1")

    assert sorted(statuses) == [200] + [409] * 9


@pytest.mark.parametrize(
    "statement",
    [
        "update organizations set dataplane_id = 'us1' where id = :id",
        "update organizations set dataplane_id = null where id = :id",
        "update organizations set id = :other where id = :id",
        "delete from organizations where id = :id",
        "update data_planes set id = 'us9' where id = 'eu1'",
        "delete from data_planes where id = 'eu1'",
    ],
)
async def test_a_set_region_withstands_raw_sql(stage: IdentityStage, owner: Caller, statement: str) -> None:
    organization = await stage.organization(owner)
    values = {"id": organization, "other": new_id()}

    with pytest.raises(AlreadyThere):
        async with stage.parts.database.transaction() as connection:
            await connection.execute(text(statement), {key: values[key] for key in values if f":{key}" in statement})

    body = ok(await stage.get(f"/api/v1/organizations/{organization}", owner))
    assert body["dataplane_id"] == "eu1"


async def test_a_set_region_withstands_replacing_the_row(stage: IdentityStage, owner: Caller) -> None:
    if stage.parts.database.dialect != "sqlite":
        pytest.skip("only SQLite replaces rows")
    organization = await stage.organization(owner)

    replace = text(
        "insert or replace into organizations (id, name, dataplane_id, created_at, updated_at)"
        " values (:id, 'x', 'us1', '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
    )

    with pytest.raises(AlreadyThere, match="permanent"):
        async with stage.parts.database.transaction() as connection:
            await connection.execute(replace, {"id": organization})


async def test_workspace_before_the_region_is_the_only_conflict_of_creating(
    stage: IdentityStage, owner: Caller
) -> None:
    organization = await stage.organization(owner, dataplane_id=None)
    path = f"/api/v1/organizations/{organization}/workspaces"
    early = await stage.post(path, owner, {"name": "demo", "description": None})
    ok(await stage.post(f"/api/v1/organizations/{organization}/-set-region", owner, {"dataplane_id": "us1"}))

    first = ok(await stage.post(path, owner, {"name": "demo", "description": None}), 201)
    second = ok(await stage.post(path, owner, {"name": "demo", "description": "again"}), 201)

    assert (early.status_code, early.json()["code"]) == (409, "organization_region_required")
    assert set(first) == WORKSPACE_KEYS
    assert first["id"] != second["id"]


@pytest.mark.parametrize(
    "name",
    ["", "   ", "a\u202eb", "a\u200bb", "a\u001b[31mb", "a\u0000b", "x" * 201, "x" * 1001,
     "ghp_abcdefghijklmnopqrstuvwxyz0123456789"],
)  # fmt: skip
async def test_bad_workspace_names_are_refused_without_being_repeated(
    stage: IdentityStage, owner: Caller, name: str
) -> None:
    organization = await stage.organization(owner)

    answer = await stage.post(
        f"/api/v1/organizations/{organization}/workspaces", owner, {"name": name, "description": None}
    )

    assert answer.status_code == 400
    assert [reason["key"] for reason in answer.json()["extra"]] == ["name"]
    assert len(name) < 3 or name not in answer.text


async def test_workspace_is_renamed_described_archived_and_brought_back(stage: IdentityStage, owner: Caller) -> None:
    workspace = await stage.workspace(owner, await stage.organization(owner))
    path = f"/api/v1/workspaces/{workspace}"
    renamed = ok(await stage.ask("PATCH", path, owner, json={"name": "orchard", "description": "apples"}))
    kept = ok(await stage.ask("PATCH", path, owner, json={}))
    cleared = ok(await stage.ask("PATCH", path, owner, json={"description": None}))

    archived = ok(await stage.post(f"{path}/-archive", owner))
    again = await stage.post(f"{path}/-archive", owner)
    change = await stage.ask("PATCH", path, owner, json={"name": "late"})
    token = await stage.post(f"{path}/-issue-dataplane-token", owner)
    back = ok(await stage.post(f"{path}/-unarchive", owner))
    twice = await stage.post(f"{path}/-unarchive", owner)

    assert (renamed["name"], kept["description"], cleared["description"]) == ("orchard", "apples", None)
    assert archived["archived_at"] is not None
    assert (again.status_code, change.status_code, twice.status_code) == (409, 409, 409)
    assert change.json()["code"] == "workspace_archived"
    assert token.status_code == 200
    assert back["archived_at"] is None


async def test_only_the_list_of_workspaces_shows_archived_ones_when_asked(stage: IdentityStage, owner: Caller) -> None:
    organization = await stage.organization(owner)
    workspace = await stage.workspace(owner, organization)
    ok(await stage.post(f"/api/v1/workspaces/{workspace}/-archive", owner))
    path = f"/api/v1/organizations/{organization}/workspaces"

    assert ok(await stage.get(path, owner))["items"] == []
    (listed,) = ok(await stage.get(path, owner, include_archived="true"))["items"]
    assert set(listed) == WORKSPACE_KEYS | {"member_count", "owner_members"}
    assert (listed["member_count"], len(listed["owner_members"])) == (1, 1)
    assert ok(await stage.get(f"/api/v1/organizations/{organization}/me", owner))["workspace_memberships"] == []


async def test_playground_is_neither_renamed_nor_archived(stage: IdentityStage, owner: Caller) -> None:
    organization = ok(await stage.get("/api/v1/me", owner))["primary_organization"]["id"]
    ok(await stage.post(f"/api/v1/organizations/{organization}/-set-region", owner, {"dataplane_id": "eu1"}))
    workspace = ok(await stage.get("/api/v1/me", owner))["latest_workspace"]["id"]

    renamed = await stage.ask("PATCH", f"/api/v1/workspaces/{workspace}", owner, json={"name": "x"})
    archived = await stage.post(f"/api/v1/workspaces/{workspace}/-archive", owner)

    assert (renamed.status_code, archived.status_code) == (400, 400)


async def test_lists_page_and_sort(stage: IdentityStage, owner: Caller) -> None:
    organization = await stage.organization(owner)
    for name in ("banana", "cherry", "apple"):
        await stage.workspace(owner, organization, name)
        stage.clock.advance(seconds=1)
    path = f"/api/v1/organizations/{organization}/workspaces"

    first = ok(await stage.get(path, owner, limit=2, sort="name", order="asc"))
    rest = ok(await stage.get(path, owner, limit=2, sort="name", order="asc", cursor=first["next_cursor"]))
    unpaired = await stage.get(path, owner, sort="name")

    assert [item["name"] for item in first["items"] + rest["items"]] == ["apple", "banana", "cherry"]
    assert (first["total"], rest["next_cursor"]) == (3, None)
    assert unpaired.status_code == 400


async def test_a_region_that_has_not_joined_is_not_called_unknown(stage: IdentityStage, owner: Caller) -> None:
    ok(await stage.post("/own/v1/data-planes", owner, {"dataplane_id": "ap1", "place": "Asia"}))
    organization = ok(await stage.get("/api/v1/me", owner))["primary_organization"]["id"]

    said = {}
    for name in ("ap1", "ap2"):
        answer = await stage.post(f"/api/v1/organizations/{organization}/-set-region", owner, {"dataplane_id": name})
        said[name] = (answer.status_code, answer.json()["code"], answer.json()["extra"][0]["message"])

    assert said == {
        "ap1": (400, "dataplane_not_joined", "has not joined yet: start it once with its join token"),
        "ap2": (400, "unknown_dataplane", "is not one of this platform's data planes"),
    }


async def test_catalogue_lists_enrolled_planes_only(stage: IdentityStage, owner: Caller) -> None:
    ok(await stage.post("/own/v1/data-planes", owner, {"dataplane_id": "ap1", "place": "Asia"}))

    items = ok(await stage.get("/api/v1/dataplanes", owner))["items"]

    assert items == [
        {"id": "eu1", "name": "Europe", "region": "Europe", "description": None},
        {"id": "us1", "name": "United States", "region": "United States", "description": None},
    ]
