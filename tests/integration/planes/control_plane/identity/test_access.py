from __future__ import annotations

from functools import partial
from typing import Any

import anyio
import jwt
import pytest
from tests.fakes.identity_stage import Caller, IdentityStage, caller, ok

from planes.control_plane.services.installation.audit_reading import is_intact
from planes.control_plane.services.revocations import current_epoch
from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ben(stage: IdentityStage, owner: Caller) -> Caller:
    return await stage.add_user(owner, "ben@orchard.example")


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


async def epoch_of(stage: IdentityStage) -> int:
    """What data planes are told."""
    async with stage.parts.database.reading() as connection:
        return await current_epoch(connection)


async def test_foreign_and_unknown_ids_look_alike(stage: IdentityStage, owner: Caller, ben: Caller) -> None:
    organization = await stage.organization(owner)
    workspace = await stage.workspace(owner, organization)
    paths = [
        ("GET", "/api/v1/workspaces/{}", workspace),
        ("GET", "/api/v1/workspaces/{}/me", workspace),
        ("GET", "/api/v1/workspaces/{}/members", workspace),
        ("POST", "/api/v1/workspaces/{}/-issue-dataplane-token", workspace),
        ("POST", "/api/v1/workspaces/{}/-archive", workspace),
        ("GET", "/own/v1/workspaces/{}/api-keys", workspace),
        ("GET", "/api/v1/organizations/{}", organization),
        ("GET", "/api/v1/organizations/{}/me", organization),
        ("GET", "/api/v1/organizations/{}/workspaces", organization),
        ("GET", "/own/v1/organizations/{}/members", organization),
    ]

    for method, path, foreign in paths:
        answers = [await stage.ask(method, path.format(wanted), ben) for wanted in (foreign, new_id(), "a%0Ab")]
        assert [answer.status_code for answer in answers] == [404, 404, 404], path
        assert answers[0].content == answers[1].content == answers[2].content


async def test_member_sees_what_is_theirs_or_open_to_all_members(
    stage: IdentityStage, owner: Caller, ben: Caller
) -> None:
    organization = await stage.organization(owner)
    hidden, shared = await stage.workspace(owner, organization, "hidden"), await stage.workspace(owner, organization)
    body = {"email": ben.email, "role": "member"}
    ok(await stage.post(f"/own/v1/organizations/{organization}/members", owner, body))
    ok(await stage.ask("PUT", f"/own/v1/workspaces/{shared}/default-role", owner, json={"role": "viewer"}))

    listed = ok(await stage.get(f"/api/v1/organizations/{organization}/workspaces", ben))["items"]
    me = ok(await stage.get(f"/api/v1/organizations/{organization}/me", ben))
    mine = await stage.workspace(ben, organization, "mine")

    assert [item["id"] for item in listed] == [shared]
    assert [(entry["role"], entry["workspace"]["id"]) for entry in me["workspace_memberships"]] == [("viewer", shared)]
    assert me["role"] == "member"
    assert (await stage.get(f"/api/v1/workspaces/{hidden}", ben)).status_code == 404
    assert ok(await stage.get(f"/api/v1/workspaces/{mine}/me", ben))["workspace_role"] == "owner"
    assert ok(await stage.get(f"/api/v1/workspaces/{mine}/me", owner))["workspace_role"] == "owner"


async def test_other_peoples_playgrounds_stay_hidden(stage: IdentityStage, owner: Caller, ben: Caller) -> None:
    organization = ok(await stage.get("/api/v1/me", owner))["primary_organization"]["id"]
    ok(await stage.post(f"/api/v1/organizations/{organization}/-set-region", owner, {"dataplane_id": "eu1"}))
    playground = ok(await stage.get("/api/v1/me", owner))["latest_workspace"]["id"]
    body = {"email": ben.email, "role": "owner"}
    ok(await stage.post(f"/own/v1/organizations/{organization}/members", owner, body))

    assert (await stage.get(f"/api/v1/workspaces/{playground}", ben)).status_code == 404
    assert ok(await stage.get(f"/api/v1/organizations/{organization}/workspaces", ben))["items"] == []


async def test_collaborator_creates_nothing_and_leaves_with_the_last_workspace(
    stage: IdentityStage, owner: Caller, ben: Caller
) -> None:
    organization = await stage.organization(owner)
    workspace = await stage.workspace(owner, organization)
    path = f"/own/v1/workspaces/{workspace}/members"
    member = ok(await stage.post(path, owner, {"email": ben.email, "role": "developer"}))
    created = await stage.post(
        f"/api/v1/organizations/{organization}/workspaces", ben, {"name": "x", "description": None}
    )
    before = await stage.get(f"/api/v1/organizations/{organization}", ben)

    ok(await stage.ask("DELETE", f"{path}/{member['id']}", owner), 204)

    assert (created.status_code, before.status_code) == (403, 200)
    assert (await stage.get(f"/api/v1/organizations/{organization}", ben)).status_code == 404


async def test_a_member_who_is_changed_and_removed_at_once_breaks_nothing(
    stage: IdentityStage, owner: Caller, ben: Caller
) -> None:
    workspace = await stage.workspace(owner, await stage.organization(owner))
    path = f"/own/v1/workspaces/{workspace}/members"
    member = ok(await stage.post(path, owner, {"email": ben.email, "role": "viewer"}))["id"]
    statuses: list[int] = []

    async def ask(method: str, **body: Any) -> None:
        statuses.append((await stage.ask(method, f"{path}/{member}", owner, **body)).status_code)

    async with anyio.create_task_group() as group:
        for role in ("developer", "owner"):
            group.start_soon(partial(ask, "PATCH", json={"role": role}))
        for _ in range(2):
            group.start_soon(ask, "DELETE")

    assert statuses.count(204) == 1
    assert set(statuses) <= {200, 204, 404}


@pytest.mark.parametrize("role", ["viewer", "developer"])
async def test_only_owners_manage_a_workspace(stage: IdentityStage, owner: Caller, ben: Caller, role: str) -> None:
    workspace = await stage.workspace(owner, await stage.organization(owner))
    path = f"/own/v1/workspaces/{workspace}"
    ok(await stage.post(f"{path}/members", owner, {"email": ben.email, "role": role}))
    attempts = [
        await stage.ask("PATCH", f"/api/v1/workspaces/{workspace}", ben, json={"name": "x"}),
        await stage.post(f"/api/v1/workspaces/{workspace}/-archive", ben),
        await stage.post(f"{path}/members", ben, {"email": owner.email, "role": "viewer"}),
        await stage.post(f"{path}/api-keys", ben, {"role": "viewer"}),
        await stage.ask("PUT", f"{path}/default-role", ben, json={"role": "developer"}),
    ]

    assert {answer.status_code for answer in attempts} == {403}


async def test_data_plane_token_names_region_workspace_and_the_grants_of_the_role(
    stage: IdentityStage, owner: Caller, ben: Caller
) -> None:
    organization = await stage.organization(owner)
    workspace = await stage.workspace(owner, organization)
    ok(await stage.post(f"/own/v1/workspaces/{workspace}/members", owner, {"email": ben.email, "role": "developer"}))
    path = f"/api/v1/workspaces/{workspace}/-issue-dataplane-token"

    answers = {caller.email: ok(await stage.post(path, caller)) for caller in (owner, ben)}

    owners, bens = (claims_of(answers[caller.email]["token"]) for caller in (owner, ben))
    assert owners["grants"] == [
        "ws:alerts-write", "ws:audit-read", "ws:read", "ws:variables-read", "ws:variables-write",
    ]  # fmt: skip
    assert bens["grants"] == ["ws:alerts-write", "ws:read"]
    assert (bens["aud"], bens["ws"], bens["org"], bens["role"]) == ("eu1", workspace, organization, "developer")
    assert answers[ben.email]["expires_at"] == bens["exp"] == int(stage.clock.now().timestamp()) + 600
    assert (await stage.get("/api/v1/me", answers[ben.email]["token"])).status_code == 401


async def test_losing_a_right_raises_the_epoch_and_holds_at_once(
    stage: IdentityStage, owner: Caller, ben: Caller
) -> None:
    organization = await stage.organization(owner)
    workspace = await stage.workspace(owner, organization)
    members = f"/own/v1/organizations/{organization}/members"
    member = ok(await stage.post(members, owner, {"email": ben.email, "role": "owner"}))
    token = ok(await stage.post(f"/api/v1/workspaces/{workspace}/-issue-dataplane-token", ben))["token"]
    before = await epoch_of(stage)
    ok(await stage.ask("PATCH", f"{members}/{member['id']}", owner, json={"role": "member"}))
    demoted = await epoch_of(stage)
    hidden = await stage.get(f"/api/v1/workspaces/{workspace}", ben)

    ok(await stage.ask("DELETE", f"{members}/{member['id']}", owner), 204)

    assert claims_of(token).get("epoch", 0) <= before < demoted < await epoch_of(stage)
    assert hidden.status_code == 404
    assert (await stage.get(f"/api/v1/organizations/{organization}", ben)).status_code == 404
    again = ok(await stage.post(members, owner, {"email": ben.email, "role": "member"}))
    assert again["id"] == member["id"]


async def test_the_last_owner_stays(stage: IdentityStage, owner: Caller) -> None:
    organization = await stage.organization(owner)
    members = f"/own/v1/organizations/{organization}/members"
    (only,) = ok(await stage.get(members, owner))["items"]

    removed = await stage.ask("DELETE", f"{members}/{only['id']}", owner)
    demoted = await stage.ask("PATCH", f"{members}/{only['id']}", owner, json={"role": "member"})

    assert (removed.status_code, demoted.status_code) == (409, 409)


async def test_personal_key_speaks_for_its_person_until_revoked(stage: IdentityStage, owner: Caller) -> None:
    created = ok(await stage.post("/own/v1/api-keys", owner, {"name": "laptop"}))
    key = created["api_key"]
    me = await stage.get("/api/v1/me", key)
    breeding = await stage.post("/own/v1/api-keys", key, {"name": "another"})

    answer = await stage.ask("DELETE", f"/own/v1/api-keys/{created['id']}", owner)
    ok(answer, 204)
    assert (answer.content, "content-type" in answer.headers) == (b"", False)

    assert key.startswith("dlt_u_")
    assert me.status_code == 200
    assert breeding.status_code == 403
    assert (await stage.get("/api/v1/me", key)).status_code == 401
    async with stage.parts.database.reading() as connection:
        rows = (await connection.exec_driver_sql("select * from api_keys")).all()
    assert key not in str(rows)


async def test_keys_live_ninety_days_unless_said_otherwise(stage: IdentityStage, owner: Caller) -> None:
    short = ok(await stage.post("/own/v1/api-keys", owner, {"expires_in_days": 1}))["api_key"]
    usual = ok(await stage.post("/own/v1/api-keys", owner, {}))["api_key"]
    too_long = await stage.post("/own/v1/api-keys", owner, {"expires_in_days": 366})
    stage.clock.advance(days=1)
    after_a_day = [(await stage.get("/api/v1/me", key)).status_code for key in (short, usual)]
    stage.clock.advance(days=89)

    assert too_long.status_code == 400
    assert after_a_day == [401, 200]
    assert (await stage.get("/api/v1/me", usual)).status_code == 401


async def test_no_token_outlives_the_key_that_asked_for_it(stage: IdentityStage, owner: Caller) -> None:
    workspace = await stage.workspace(owner, await stage.organization(owner))
    of_workspace = f"/own/v1/workspaces/{workspace}/api-keys"
    keys = [
        ok(await stage.post("/own/v1/api-keys", owner, {"expires_in_days": 1}))["api_key"],
        ok(await stage.post(of_workspace, owner, {"role": "developer", "expires_in_days": 1}))["api_key"],
    ]
    ends = int(stage.clock.now().timestamp()) + 24 * 3600
    stage.clock.advance(seconds=24 * 3600 - 60)

    for key in keys:
        region = ok(await stage.post(f"/api/v1/workspaces/{workspace}/-issue-dataplane-token", key))
        upload = ok(await stage.post(f"/api/v1/workspaces/{workspace}/deployments/-issue-upload", key))
        assert (region["expires_at"], claims_of(region["token"])["exp"]) == (ends, ends)
        assert claims_of(upload["upload_token"])["exp"] == ends


async def test_workspace_key_sees_exactly_its_workspace(stage: IdentityStage, owner: Caller) -> None:
    organization = await stage.organization(owner)
    workspace, other = await stage.workspace(owner, organization), await stage.workspace(owner, organization, "other")
    path = f"/own/v1/workspaces/{workspace}/api-keys"
    created = ok(await stage.post(path, owner, {"name": "ci", "role": "developer"}))
    key = created["api_key"]

    organizations = ok(await stage.get("/api/v1/organizations", key))
    me = ok(await stage.get(f"/api/v1/organizations/{organization}/me", key))

    assert key.startswith("dlt_sa_")
    assert [item["id"] for item in organizations["items"]] == [organization]
    assert organizations["total"] == 1
    assert [(m["role"], m["workspace"]["id"]) for m in me["workspace_memberships"]] == [("developer", workspace)]
    assert (await stage.get("/api/v1/me", key)).status_code == 403
    assert (await stage.get(f"/api/v1/workspaces/{other}", key)).status_code == 404
    create = {"name": "x", "description": None}
    assert (await stage.post(f"/api/v1/organizations/{organization}/workspaces", key, create)).status_code == 403
    token = claims_of(ok(await stage.post(f"/api/v1/workspaces/{workspace}/-issue-dataplane-token", key))["token"])
    assert (token["grants"], token["sid"]) == (["ws:read"], created["id"])
    before = await epoch_of(stage)
    ok(await stage.ask("DELETE", f"{path}/{created['id']}", owner), 204)
    assert (await stage.get("/api/v1/organizations", key)).status_code == 401
    assert await epoch_of(stage) > before


async def test_an_administrator_sees_and_ends_every_key_and_sees_every_organization(
    stage: IdentityStage, owner: Caller, ben: Caller
) -> None:
    organization = await stage.organization(ben)
    workspace = await stage.workspace(ben, organization)
    of_workspace = f"/own/v1/workspaces/{workspace}/api-keys"
    machine = ok(await stage.post(of_workspace, ben, {"name": "ci", "role": "viewer", "expires_in_days": 2}))
    personal = ok(await stage.post("/own/v1/api-keys", ben, {"name": "laptop", "expires_in_days": 3}))
    ok(await stage.post("/own/v1/api-keys", ben, {"name": "old", "expires_in_days": 1}))
    stage.clock.advance(days=1)
    async with stage.socket() as socket:
        owner = caller(ok(await socket.post("/own/v1/sessions/-local", json=await stage.proof(socket))))
    ben = await stage.sign_in(owner, "ben@orchard.example")

    keys = ok(await stage.get("/own/v1/held-api-keys", owner))
    organizations = ok(await stage.get("/own/v1/organizations", owner))
    ended = [(await stage.ask("DELETE", f"/own/v1/api-keys/{key['id']}", owner)).status_code for key in keys["items"]]

    assert [(key["id"], key["name"], key["email"], key["workspace_name"]) for key in keys["items"]] == [
        (machine["id"], "ci", None, "fruit shop"),
        (personal["id"], "laptop", "ben@orchard.example", None),
    ]
    assert organization in {item["id"] for item in organizations["items"]}
    assert organizations["total"] == len(organizations["items"])
    assert ended == [204, 204]
    assert ok(await stage.get("/own/v1/held-api-keys", owner))["total"] == 0
    assert (await stage.get("/api/v1/organizations", machine["api_key"])).status_code == 401
    assert ok(await stage.get(f"/api/v1/workspaces/{workspace}/members", ben, kind="service_account"))["total"] == 0


async def test_a_workspace_key_is_no_personal_key_for_who_is_no_administrator(
    stage: IdentityStage, owner: Caller, ben: Caller
) -> None:
    workspace = await stage.workspace(owner, await stage.organization(owner))
    key = ok(await stage.post(f"/own/v1/workspaces/{workspace}/api-keys", owner, {"name": "ci", "role": "viewer"}))

    assert (await stage.ask("DELETE", f"/own/v1/api-keys/{key['id']}", ben)).status_code == 404
    assert (await stage.get("/api/v1/organizations", key["api_key"])).status_code == 200


async def test_members_are_listed_by_kind(stage: IdentityStage, owner: Caller) -> None:
    workspace = await stage.workspace(owner, await stage.organization(owner))
    ok(await stage.post(f"/own/v1/workspaces/{workspace}/api-keys", owner, {"name": "ci", "role": "viewer"}))
    path = f"/api/v1/workspaces/{workspace}/members"

    everybody = ok(await stage.get(path, owner))
    people = ok(await stage.get(path, owner, kind="human"))
    keys = ok(await stage.get(path, owner, kind=["managed", "service_account"]))

    assert (everybody["total"], people["total"], keys["total"]) == (2, 1, 1)
    assert set(people["items"][0]) == {"id", "organization_membership_id", "user_id", "email", "name", "role"}
    assert (await stage.get(path, owner, kind="robot")).status_code == 400


async def test_only_administrators_add_users_and_planes(stage: IdentityStage, owner: Caller, ben: Caller) -> None:
    attempts = [
        await stage.post("/own/v1/users", ben, {"email": "eve@orchard.example"}),
        await stage.get("/own/v1/users", ben),
        await stage.post("/own/v1/data-planes", ben, {"dataplane_id": "ap1", "place": "Asia"}),
        await stage.get("/own/v1/audit-events", ben),
        await stage.post("/own/v1/organizations", ben, {"name": "x", "owner_email": owner.email}),
        await stage.post("/own/v1/api-keys", ben, {"email": owner.email}),
    ]

    assert {answer.status_code for answer in attempts} == {403}
    assert (await stage.get("/own/v1/health", ben)).status_code == 200
    assert (await stage.post("/own/v1/users", owner, {"email": "BEN@orchard.example"})).status_code == 409
    unknown = await stage.post(
        f"/own/v1/organizations/{await stage.organization(owner)}/members", owner, {"email": "x@y", "role": "member"}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_user")


async def test_audit_log_is_a_chain_that_cannot_be_changed(stage: IdentityStage, owner: Caller) -> None:
    await stage.organization(owner)
    log = ok(await stage.get("/own/v1/audit-events", owner))

    assert log["is_intact"]
    assert [event["action"] for event in log["items"]][-2:] == ["organization_created", "region_locked"]
    assert log["items"][-1]["actor_user_id"] == owner.user_id
    for statement in ("update audit_events set action = 'x'", "delete from audit_events"):
        with pytest.raises(Exception, match="only ever added to"):
            async with stage.parts.database.transaction() as connection:
                await connection.exec_driver_sql(statement)
    drop = "drop trigger audit_events_do_not_change" + (
        " on audit_events" if stage.parts.database.dialect == "postgresql" else ""
    )
    async with stage.parts.database.transaction() as connection:
        await connection.exec_driver_sql(drop)
        await connection.exec_driver_sql("update audit_events set subject = 'nobody' where sequence = 3")
    assert not ok(await stage.get("/own/v1/audit-events", owner))["is_intact"]

    if stage.parts.database.dialect == "sqlite":  # the other does not even store it
        async with stage.parts.database.transaction() as connection:
            await connection.exec_driver_sql("update audit_events set facts = 'no JSON' where sequence = 1")
        assert not await is_intact(stage.parts.database)


# What SQLite stores without a word where a time, JSON or a text should be; Postgres takes none of it.
_NO_EVENTS = [
    ("facts", "no JSON"), ("facts", "[1]"), ("facts", "null"), ("facts", '{"a": NaN}'), ("facts", '{"a": "\\ud800"}'),
    ("facts", "[" * 100_000), ("facts", b"\xff"), ("at", "yesterday"), ("at", ""), ("at", 5), ("action", b"\xff\xfe"),
    ("actor_user_id", b"\x00"), ("hash", b"\x00"),
]  # fmt: skip


async def test_an_entry_that_is_none_any_more_hides_no_other(stage: IdentityStage, owner: Caller) -> None:
    if stage.parts.database.dialect != "sqlite":
        return
    await stage.organization(owner)
    before = ok(await stage.get("/own/v1/audit-events", owner))["items"]
    row = before[1]["sequence"]
    async with stage.parts.database.transaction() as connection:
        await connection.exec_driver_sql("drop trigger audit_events_do_not_change")
    for column, value in _NO_EVENTS:
        async with stage.parts.database.transaction() as connection:
            was = await connection.exec_driver_sql(f"select {column} from audit_events where sequence = {row}")
            kept = was.scalar_one()
            await connection.exec_driver_sql(f"update audit_events set {column} = ? where sequence = {row}", (value,))

        chain = ok(await stage.get("/own/v1/audit-events", owner))
        searched = ok(await stage.get("/own/v1/audit-events/-search", owner))["items"]

        assert not chain["is_intact"], (column, value)
        expected = [before[0], {**before[1], "action": "unreadable"}, *before[2:]]
        for items in (chain["items"], searched[::-1]):
            assert [(each["sequence"], each["action"]) for each in items] == [
                (each["sequence"], each["action"]) for each in expected
            ], (column, value)
        async with stage.parts.database.transaction() as connection:
            await connection.exec_driver_sql(f"update audit_events set {column} = ? where sequence = {row}", (kept,))
    restored = ok(await stage.get("/own/v1/audit-events", owner))
    assert (restored["items"], restored["is_intact"]) == (before, True)
