"""A person's sessions, and the audit log by organization, person, kind and time (docs/api.md)."""

from __future__ import annotations

import pytest
from tests.fakes.identity_stage import Caller, IdentityStage, ok

from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio


async def _again(stage: IdentityStage, caller: Caller) -> dict[str, str]:
    """Another session of the caller, by a device code."""
    codes = ok(await stage.post("/auth/v1/sessions/-issue-device-code"))
    ok(await stage.post("/own/v1/sign-ins/-approve", caller, {"user_code": codes["user_code"]}))
    body = {"device_code": codes["device_code"]}
    return ok(await stage.post("/auth/v1/sessions/-redeem-device-code", None, body))


async def test_a_person_sees_and_ends_their_own_sessions(stage: IdentityStage, owner: Caller) -> None:
    ben = await stage.add_user(owner, "ben@orchard.example")
    first = ok(await stage.get("/own/v1/sessions", ben))["items"]
    stage.clock.advance(seconds=60)
    other = await _again(stage, ben)

    both = ok(await stage.get("/own/v1/sessions", ben))["items"]

    assert [each["is_current"] for each in both] == [False, True]
    assert both[1]["id"] == first[0]["id"]
    assert both[0]["method"] == "device_code"
    path = f"/own/v1/sessions/{both[0]['id']}"
    for nobody in (owner, None):
        assert (await stage.ask("DELETE", path, nobody)).status_code in {401, 404}
    assert (await stage.ask("DELETE", f"/own/v1/sessions/{new_id()}", ben)).status_code == 404
    assert (await stage.get("/api/v1/me", other["jwt"])).status_code == 200
    ok(await stage.ask("DELETE", path, ben), 204)
    ok(await stage.ask("DELETE", path, ben), 204)
    assert (await stage.get("/api/v1/me", other["jwt"])).status_code == 401
    refreshed = await stage.post("/auth/v1/sessions/-refresh", None, {"refresh_token": other["refresh_token"]})
    assert refreshed.status_code == 401
    assert [each["id"] for each in ok(await stage.get("/own/v1/sessions", ben))["items"]] == [first[0]["id"]]


async def test_a_session_that_ran_out_is_not_listed(stage: IdentityStage, owner: Caller) -> None:
    stage.clock.advance(seconds=1000)
    other = await _again(stage, owner)
    stage.clock.advance(seconds=stage.parts.refresh_seconds - 900)
    pair = ok(await stage.post("/auth/v1/sessions/-refresh", None, {"refresh_token": other["refresh_token"]}))

    listed = ok(await stage.get("/own/v1/sessions", pair["jwt"]))["items"]

    assert [each["is_current"] for each in listed] == [True]


async def test_owners_search_the_events_of_their_organization(stage: IdentityStage, owner: Caller) -> None:
    ben = await stage.add_user(owner, "ben@orchard.example")
    mine = await stage.organization(owner, "mine", "eu1")
    other = await stage.organization(ben, "other", "eu1")
    stage.clock.advance(seconds=60)
    body = {"email": "ben@orchard.example", "role": "member"}
    ok(await stage.post(f"/own/v1/organizations/{mine}/members", owner, body))
    path = f"/own/v1/organizations/{mine}/audit-events"

    whole = ok(await stage.get(path, owner))

    assert {event["organization_id"] for event in whole["items"]} == {mine}
    assert whole["items"][0]["action"] == "member_added"
    at = whole["items"][0]["at"]
    assert [one["action"] for one in ok(await stage.get(path, owner, since=at))["items"]] == ["member_added"]
    before = ok(await stage.get(path, owner, until=at, action="organization_created"))["items"]
    assert [one["subject"] for one in before] == [mine]
    assert ok(await stage.get(path, owner, actor_user_id=ben.user_id))["total"] == 0
    page = ok(await stage.get(path, owner, limit=1))
    rest = ok(await stage.get(path, owner, limit=100, cursor=page["next_cursor"]))
    assert page["items"] + rest["items"] == whole["items"]
    assert (await stage.get(path, ben)).status_code == 403
    assert (await stage.get(f"/own/v1/organizations/{other}/audit-events", owner)).status_code == 404
    for bad in ({"since": "2026-01-01T00:00:00"}, {"actor_user_id": "x"}, {"subject": "a\x00"}):
        assert (await stage.get(path, owner, **bad)).status_code == 400


async def test_administrators_search_all_events(stage: IdentityStage, owner: Caller) -> None:
    ben = await stage.add_user(owner, "ben@orchard.example")
    path = "/own/v1/audit-events/-search"

    found = ok(await stage.get(path, owner, action=["user_added", "session_started"], actor_user_id=ben.user_id))

    assert {event["action"] for event in found["items"]} == {"session_started"}
    assert (await stage.get(path, ben)).status_code == 403


async def test_nothing_is_changed_when_its_event_cannot_be_written(stage: IdentityStage, owner: Caller) -> None:
    mine = await stage.organization(owner, "mine", "eu1")
    ben = await stage.add_user(owner, "ben@orchard.example")
    async with stage.parts.database.transaction() as connection:
        await connection.exec_driver_sql("alter table audit_events rename to away")
    path = f"/own/v1/organizations/{mine}/members"

    answer = await stage.post(path, owner, {"email": "ben@orchard.example", "role": "member"})

    assert answer.status_code == 503
    assert answer.json()["code"] == "audit_unwritable"
    assert "Nothing was changed" in answer.json()["detail"]
    assert ben.user_id not in {each["user_id"] for each in ok(await stage.get(path, owner))["items"]}


async def test_a_database_that_fails_is_told_as_a_part_that_does_not_answer(
    stage: IdentityStage, owner: Caller
) -> None:
    async with stage.parts.database.transaction() as connection:
        await connection.exec_driver_sql("alter table organizations rename to away")

    answer = await stage.get("/api/v1/organizations", owner)

    assert answer.status_code == 503
    body = answer.json()
    assert (body["status_code"], body["code"], body["extra"]) == (503, "storage_unavailable", None)
    assert "Try again" in body["detail"]
