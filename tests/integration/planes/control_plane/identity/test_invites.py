from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy import text
from tests.fakes.identity_stage import Caller, IdentityStage, identity_stage, ok
from tests.integration.planes.control_plane.identity.test_pages import fields_of, submit

from planes.control_plane.services.identity import invites
from planes.control_plane.services.installation import housekeeping
from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio
EVE = "eve@orchard.example"
CHOSEN = {"password": "a long new password", "repeated": "a long new password"}


@pytest.fixture
async def organization(stage: IdentityStage, owner: Caller) -> str:
    return await stage.organization(owner)


@pytest.fixture
async def workspace(stage: IdentityStage, owner: Caller, organization: str) -> str:
    return await stage.workspace(owner, organization)


def _path(organization: str, rest: str = "") -> str:
    return f"/own/v1/organizations/{organization}/invites{rest}"


async def _invite(stage: IdentityStage, by: Caller, organization: str, **changes: Any) -> dict[str, Any]:
    return ok(await stage.post(_path(organization), by, {"email": EVE, "role": "member"} | changes))


async def _accept(stage: IdentityStage, url: str, **fields: str) -> httpx.Response:
    return await submit(stage, "/invite/-sign-up", await stage.client.get(url), **CHOSEN | fields)


async def _members(stage: IdentityStage, by: Caller, organization: str) -> dict[str, str]:
    found = ok(await stage.get(f"/own/v1/organizations/{organization}/members", by))["items"]
    return {each["email"]: each["role"] for each in found}


async def _waiting(stage: IdentityStage, by: Caller, organization: str) -> list[str]:
    return [each["email"] for each in ok(await stage.get(_path(organization), by))["items"]]


async def test_somebody_unknown_joins_by_the_link_with_what_was_given(
    stage: IdentityStage, owner: Caller, organization: str, workspace: str
) -> None:
    places = [{"workspace_id": workspace.upper(), "role": "developer"}]
    answer = await _invite(stage, owner, organization, email=EVE.upper(), role="collaborator", workspaces=places)
    (listed,) = ok(await stage.get(_path(organization), owner))["items"]
    page = await stage.client.get(answer["invite_url"])
    done = await _accept(stage, answer["invite_url"], name="Eve")
    eve = await stage.sign_in(owner, EVE)
    members = ok(await stage.get(f"/api/v1/workspaces/{workspace}/members", eve))["items"]

    assert answer["member"] is None
    assert listed == answer["invite"]
    assert (listed["email"], listed["invited_by"], listed["role"]) == (EVE, owner.email, "collaborator")
    assert listed["workspaces"] == [{"workspace_id": workspace, "role": "developer"}]
    assert all(each in page.text for each in (EVE, owner.email, "Orchard, as collaborator", "fruit shop, as developer"))
    assert done.status_code == 200
    assert (await _members(stage, owner, organization))[EVE] == "collaborator"
    assert [(each["email"], each["name"], each["role"]) for each in members if each["email"] == EVE] == [
        (EVE, "Eve", "developer")
    ]
    assert await _waiting(stage, owner, organization) == []
    assert (await stage.client.get(answer["invite_url"])).status_code == 404


async def test_only_the_hash_of_a_link_is_kept_and_the_log_has_no_address(
    stage: IdentityStage, owner: Caller, organization: str
) -> None:
    url = (await _invite(stage, owner, organization))["invite_url"]
    secret = url.partition("link=")[2]
    async with stage.parts.database.reading() as connection:
        (kept,) = (await connection.execute(text("SELECT * FROM invites"))).all()
    await _accept(stage, url)
    first = await _invite(stage, owner, organization, email="fay@orchard.example")
    await stage.ask("DELETE", _path(organization, f"/{first['invite']['id']}"), owner)
    events = ok(await stage.get(f"/own/v1/organizations/{organization}/audit-events", owner))["items"]
    told = [each for each in events if "invite" in each["action"]]

    assert secret not in str(kept)
    assert [each["action"] for each in reversed(told)] == ["invited", "invite_accepted", "invited", "invite_revoked"]
    assert told[2]["facts"]["is_new"] is True
    assert told[2]["facts"]["invited_by"] == owner.user_id
    assert "orchard.example" not in str([each["facts"] for each in events])


async def test_somebody_known_is_in_at_once(stage: IdentityStage, owner: Caller, organization: str) -> None:
    await stage.add_user(owner, EVE)
    answer = await _invite(stage, owner, organization)
    again = await stage.post(_path(organization), owner, {"email": EVE, "role": "owner"})

    assert (answer["invite"], answer["invite_url"]) == (None, None)
    assert (answer["member"]["email"], answer["member"]["role"]) == (EVE, "member")
    assert (again.status_code, again.json()["code"]) == (409, "member_exists")


async def test_of_two_who_accept_at_once_one_is_let_in(stage: IdentityStage, owner: Caller, organization: str) -> None:
    url = (await _invite(stage, owner, organization))["invite_url"]
    page = await stage.client.get(url)
    statuses: list[int] = []

    async def accept() -> None:
        statuses.append((await submit(stage, "/invite/-sign-up", page, **CHOSEN)).status_code)

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(accept)
    async with stage.parts.database.reading() as connection:
        query = text("SELECT count(*) FROM organization_memberships JOIN users u ON u.id = user_id WHERE u.email = :e")
        joined = (await connection.execute(query, {"e": EVE})).scalar_one()

    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 400, 404}
    assert joined == 1


async def test_links_end_by_time_by_another_link_and_by_hand(
    stage: IdentityStage, owner: Caller, organization: str
) -> None:
    first = await _invite(stage, owner, organization)
    path = _path(organization, f"/{first['invite']['id']}")
    opened = await stage.client.get(first["invite_url"])
    second = ok(await stage.post(f"{path}/-issue-link", owner))
    old = await submit(stage, "/invite/-sign-up", opened, **CHOSEN)
    stage.clock.advance(seconds=invites.LINK_LIFETIME.total_seconds())
    late = await stage.client.get(second["invite_url"])
    tokens = ok(await stage.post("/auth/v1/sessions/-refresh", None, {"refresh_token": owner.refresh_token}))
    owner = replace(owner, jwt=tokens["jwt"])
    third = ok(await stage.post(f"{path}/-issue-link", owner))
    opened = await stage.client.get(third["invite_url"])
    revoked = await stage.ask("DELETE", path, owner)
    gone = await submit(stage, "/invite/-sign-up", opened, **CHOSEN)

    assert [answer.status_code for answer in (old, late, opened, revoked, gone)] == [404, 404, 200, 204, 404]
    assert (await stage.ask("DELETE", path, owner)).status_code == 404
    assert await _waiting(stage, owner, organization) == []
    assert EVE not in await _members(stage, owner, organization)


async def test_a_second_invite_of_an_address_takes_the_place_of_the_first(
    stage: IdentityStage, owner: Caller, organization: str
) -> None:
    first = await _invite(stage, owner, organization)
    second = await _invite(stage, owner, organization, role="owner")

    assert (await stage.client.get(first["invite_url"])).status_code == 404
    assert (await stage.client.get(second["invite_url"])).status_code == 200
    assert await _waiting(stage, owner, organization) == [EVE]


@pytest.mark.parametrize("change", [lambda link: link[:-1], lambda link: link[:-1] + "-", lambda _: ""])
async def test_changed_links_open_nothing(stage: IdentityStage, owner: Caller, organization: str, change: Any) -> None:
    url = (await _invite(stage, owner, organization))["invite_url"]
    head, _, link = url.partition("link=")
    opened = await stage.client.get(url)
    sent = await submit(stage, "/invite/-sign-up", opened, **CHOSEN, link=change(link))

    assert (await stage.client.get(f"{head}link={change(link)}")).status_code == 404
    assert sent.status_code == 404


async def test_a_link_does_not_tell_whether_there_is_an_account(
    stage: IdentityStage, owner: Caller, organization: str
) -> None:
    known, unknown = await _invite(stage, owner, organization), await _invite(stage, owner, organization, email="f@x.y")
    await stage.add_user(owner, EVE)  # by an administrator, after the invite
    pages = [await stage.client.get(each["invite_url"]) for each in (known, unknown)]
    wrong = [await submit(stage, "/invite", page, password="not this one") for page in pages]
    taken = await submit(stage, "/invite/-sign-up", pages[0], **CHOSEN)

    def words(page: httpx.Response) -> str:
        said = page.text
        for value in (*fields_of(page).values(), EVE, "f@x.y"):
            said = said.replace(value, "")
        return said

    assert words(pages[0]) == words(pages[1])
    assert words(wrong[0]) == words(wrong[1]) == words(taken)
    assert [answer.status_code for answer in (*wrong, taken)] == [400, 400, 400]


async def test_who_came_by_an_invite_needs_the_link_of_the_next_organization_too(
    stage: IdentityStage, owner: Caller, organization: str
) -> None:
    """Whoever held the first link may have made the account: the address alone opens nothing else."""
    await _accept(stage, (await _invite(stage, owner, organization))["invite_url"])
    ben = await stage.add_user(owner, "ben@orchard.example")
    others = await stage.organization(ben, "Others")
    shop = await stage.workspace(ben, others)
    body = {"email": EVE, "role": "viewer"}
    added = await stage.post(f"/own/v1/workspaces/{shop}/members", ben, body)
    answer = await _invite(stage, ben, others)
    page = await stage.client.get(answer["invite_url"])
    wrong = await submit(stage, "/invite", page, password="not this one")
    before = await _members(stage, ben, others)
    right = await submit(stage, "/invite", page, password=CHOSEN["password"])

    assert (added.status_code, added.json()["code"]) == (400, "unknown_user")
    assert answer["member"] is None
    assert [wrong.status_code, right.status_code] == [400, 200]
    assert EVE not in before
    assert (await _members(stage, ben, others))[EVE] == "member"


async def test_an_administrators_link_vouches_and_ends_what_was_done_before(
    stage: IdentityStage, owner: Caller, organization: str
) -> None:
    await _accept(stage, (await _invite(stage, owner, organization))["invite_url"])
    squatter = await stage.sign_in(owner, EVE)
    key = ok(await stage.post("/own/v1/api-keys", squatter, {}))["api_key"]
    url = ok(await stage.post(f"/own/v1/users/{squatter.user_id}/-issue-link", owner))["sign_up_url"]
    await submit(stage, "/sign-up", await stage.client.get(url), password="hers alone now", repeated="hers alone now")
    others = await stage.organization(owner, "Others")

    assert [(await stage.get("/api/v1/me", who)).status_code for who in (squatter, key)] == [401, 401]
    assert (await _invite(stage, owner, others))["member"]["email"] == EVE


async def test_others_invite_nobody(stage: IdentityStage, owner: Caller, organization: str) -> None:
    ben = await stage.add_user(owner, "ben@orchard.example")
    await stage.organization(ben, "Others")
    waits = (await _invite(stage, owner, organization))["invite"]["id"]
    body = {"email": "fay@orchard.example", "role": "member"}

    async def tries() -> list[int]:
        return [
            (await stage.get(_path(organization), ben)).status_code,
            (await stage.post(_path(organization), ben, body)).status_code,
            (await stage.post(_path(organization, f"/{waits}/-issue-link"), ben)).status_code,
            (await stage.ask("DELETE", _path(organization, f"/{waits}"), ben)).status_code,
        ]

    outside = await tries()
    await _invite(stage, owner, organization, email=ben.email)
    inside = await tries()

    nowhere = [(await stage.post(_path(each), owner, body)).status_code for each in ("x", new_id())]

    assert (outside, inside, nowhere) == ([404] * 4, [403] * 4, [404] * 2)
    assert await _waiting(stage, owner, organization) == [EVE]


async def test_what_an_owner_invited_ends_when_they_are_none_any_more(
    stage: IdentityStage, owner: Caller, organization: str
) -> None:
    ben = await stage.add_user(owner, "ben@orchard.example")
    membership = (await _invite(stage, owner, organization, email=ben.email, role="owner"))["member"]["id"]
    url = (await _invite(stage, ben, organization))["invite_url"]
    path = f"/own/v1/organizations/{organization}/members/{membership}"
    ok(await stage.ask("PATCH", path, owner, json={"role": "member"}))

    assert (await stage.client.get(url)).status_code == 404
    assert await _waiting(stage, owner, organization) == []


async def test_only_workspaces_of_the_organization_are_given(
    stage: IdentityStage, owner: Caller, organization: str, workspace: str
) -> None:
    elsewhere = await stage.workspace(owner, await stage.organization(owner, "Others"))

    async def status(role: str, *ids: str) -> int:
        places = [{"workspace_id": each, "role": "viewer"} for each in ids]
        body = {"email": EVE, "role": role, "workspaces": places}
        return (await stage.post(_path(organization), owner, body)).status_code

    assert await status("collaborator") == 400
    assert await status("member", elsewhere) == 400
    assert await status("member", "x") == 400
    assert await status("owner", workspace) == 400
    assert await status("member", workspace) == 200


async def test_without_a_region_nobody_is_invited(stage: IdentityStage, owner: Caller) -> None:
    organization = await stage.organization(owner, dataplane_id=None)
    refused = await stage.post(_path(organization), owner, {"email": EVE, "role": "member"})

    assert (refused.status_code, refused.json()["code"]) == (409, "organization_region_required")


async def test_invites_are_counted_and_links_throttled(
    stage: IdentityStage, owner: Caller, organization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invites, "MOST_PENDING", 2)
    for name in ("a", "b"):
        await _invite(stage, owner, organization, email=f"{name}@x.y")
    full = await stage.post(_path(organization), owner, {"email": EVE, "role": "member"})
    again = [(await stage.post(_path(organization), owner, {"email": "a@x.y", "role": "member"})) for _ in range(40)]

    assert (full.status_code, full.json()["code"]) == (409, "too_many_invites")
    assert {answer.status_code for answer in again} == {200, 429}


async def test_being_added_ends_the_invite(stage: IdentityStage, owner: Caller, organization: str) -> None:
    url = (await _invite(stage, owner, organization, role="owner"))["invite_url"]
    await stage.add_user(owner, EVE)
    ok(await stage.post(f"/own/v1/organizations/{organization}/members", owner, {"email": EVE, "role": "member"}))

    assert (await stage.client.get(url)).status_code == 404
    assert (await _members(stage, owner, organization))[EVE] == "member"


async def test_who_was_removed_comes_back_by_another_invite_only(
    stage: IdentityStage, owner: Caller, organization: str
) -> None:
    await _accept(stage, (await _invite(stage, owner, organization))["invite_url"])
    found = ok(await stage.get(f"/own/v1/organizations/{organization}/members", owner))["items"]
    eve = next(each["id"] for each in found if each["email"] == EVE)
    await stage.ask("DELETE", f"/own/v1/organizations/{organization}/members/{eve}", owner)
    again = await _invite(stage, owner, organization)
    came = await submit(stage, "/invite", await stage.client.get(again["invite_url"]), password=CHOSEN["password"])

    assert again["member"] is None
    assert came.status_code == 200
    assert (await _members(stage, owner, organization))[EVE] == "member"


async def test_where_administrators_invite_other_owners_do_not(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'control.db'}"
    async with identity_stage(tmp_path, url, owners_invite=False) as stage:
        administrator = await stage.first_owner()
        ben = await stage.add_user(administrator, "ben@orchard.example")
        organization = await stage.organization(ben)
        refused = await stage.post(_path(organization), ben, {"email": EVE, "role": "member"})
        await stage.add_user(administrator, "cy@orchard.example")
        known = await _invite(stage, ben, organization, email="cy@orchard.example")
        own = await _invite(stage, administrator, await stage.organization(administrator))

        assert (refused.status_code, refused.json()["code"]) == (400, "unknown_user")
        assert known["member"]["role"] == "member"
        assert own["invite_url"]


async def test_old_invites_are_forgotten(stage: IdentityStage, owner: Caller, organization: str) -> None:
    await _invite(stage, owner, organization)
    stage.clock.advance(seconds=(invites.LINK_LIFETIME + timedelta(days=29)).total_seconds())
    await housekeeping.tidy(stage.parts)
    async with stage.parts.database.reading() as connection:
        kept = await connection.execute(text("SELECT count(*) FROM invites"))
        assert kept.scalar_one() == 1
    stage.clock.advance(seconds=2 * 86400)
    await housekeeping.tidy(stage.parts)
    async with stage.parts.database.reading() as connection:
        left = await connection.execute(text("SELECT count(*) FROM invites"))

        assert left.scalar_one() == 0
