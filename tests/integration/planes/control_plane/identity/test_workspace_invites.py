"""Invites by the owner of a workspace who does not own its organization (Contract: 8.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.identity_stage import Caller, IdentityStage, identity_stage, ok
from tests.integration.planes.control_plane.identity.test_pages import submit

pytestmark = pytest.mark.anyio
EVE = "eve@orchard.example"
CHOSEN = {"password": "a long new password", "repeated": "a long new password"}


@pytest.fixture
async def organization(stage: IdentityStage, owner: Caller) -> str:
    return await stage.organization(owner)


@pytest.fixture
async def shop(stage: IdentityStage, owner: Caller, organization: str) -> str:
    return await stage.workspace(owner, organization)


@pytest.fixture
async def ben(stage: IdentityStage, owner: Caller, shop: str) -> Caller:
    """Owns the workspace `shop`, and is a collaborator of the organization."""
    ben = await stage.add_user(owner, "ben@orchard.example")
    await _place(stage, owner, shop, ben.email, "owner")
    return ben


def _path(workspace: str, rest: str = "") -> str:
    return f"/own/v1/workspaces/{workspace}/invites{rest}"


async def _place(stage: IdentityStage, by: Caller, workspace: str, email: str, role: str) -> dict[str, Any]:
    return ok(await stage.post(f"/own/v1/workspaces/{workspace}/members", by, {"email": email, "role": role}))


async def _invite(stage: IdentityStage, by: Caller, workspace: str, **changes: Any) -> dict[str, Any]:
    return ok(await stage.post(_path(workspace), by, {"email": EVE, "role": "developer"} | changes))


async def _invite_to_all(stage: IdentityStage, by: Caller, organization: str, **changes: Any) -> dict[str, Any]:
    path = f"/own/v1/organizations/{organization}/invites"
    return ok(await stage.post(path, by, {"email": EVE, "role": "member"} | changes))


async def _waiting(stage: IdentityStage, by: Caller, workspace: str) -> list[str]:
    return [each["email"] for each in ok(await stage.get(_path(workspace), by))["items"]]


async def _opens(stage: IdentityStage, url: str) -> bool:
    return (await stage.client.get(url)).status_code == 200


async def test_somebody_unknown_joins_this_workspace_and_nothing_else(
    stage: IdentityStage, owner: Caller, organization: str, shop: str, ben: Caller
) -> None:
    answer = await _invite(stage, ben, shop.upper())
    (listed,) = ok(await stage.get(_path(shop), ben))["items"]
    other = await stage.workspace(owner, organization)
    await submit(stage, "/invite/-sign-up", await stage.client.get(answer["invite_url"]), **CHOSEN)
    eve = await stage.sign_in(owner, EVE)
    me = ok(await stage.get(f"/api/v1/organizations/{organization}/me", eve))

    assert answer["member"] is None
    assert listed == answer["invite"]
    assert (listed["role"], listed["invited_by"]) == ("collaborator", ben.email)
    assert listed["workspaces"] == [{"workspace_id": shop, "role": "developer"}]
    assert me["role"] == "collaborator"
    assert [(each["workspace"]["id"], each["role"]) for each in me["workspace_memberships"]] == [(shop, "developer")]
    assert (await stage.get(f"/api/v1/workspaces/{other}", eve)).status_code == 404
    assert await _waiting(stage, ben, shop) == []


async def test_somebody_known_is_in_at_once(stage: IdentityStage, owner: Caller, shop: str, ben: Caller) -> None:
    await stage.add_user(owner, EVE)
    answer = await _invite(stage, ben, shop)
    again = await stage.post(_path(shop), ben, {"email": EVE, "role": "viewer"})

    assert (answer["invite"], answer["invite_url"]) == (None, None)
    assert (answer["member"]["email"], answer["member"]["role"]) == (EVE, "developer")
    assert (again.status_code, again.json()["code"]) == (409, "member_exists")


async def test_links_are_made_again_and_end_by_hand(stage: IdentityStage, shop: str, ben: Caller) -> None:
    first = await _invite(stage, ben, shop)
    path = _path(shop, f"/{first['invite']['id']}")
    second = ok(await stage.post(f"{path}/-issue-link", ben))
    opened = [await _opens(stage, each["invite_url"]) for each in (first, second)]
    ended = await stage.ask("DELETE", path, ben)

    assert opened == [False, True]
    assert ended.status_code == 204
    assert not await _opens(stage, second["invite_url"])
    assert (await stage.ask("DELETE", path, ben)).status_code == 404


async def test_an_invite_to_more_than_the_workspace_is_not_its_owners(
    stage: IdentityStage, owner: Caller, organization: str, shop: str, ben: Caller
) -> None:
    """Of another workspace, of two, or of the organization: neither seen, renewed, ended nor replaced."""
    other = await stage.workspace(owner, organization)
    for role, *places in (("member", shop), ("collaborator", other), ("collaborator", shop, other), ("owner",)):
        workspaces = [{"workspace_id": each, "role": "viewer"} for each in places]
        waits = await _invite_to_all(stage, owner, organization, role=role, workspaces=workspaces)
        path = _path(shop, f"/{waits['invite']['id']}")
        replaced = await stage.post(_path(shop), ben, {"email": EVE, "role": "viewer"})

        assert await _waiting(stage, ben, shop) == []
        assert (await stage.post(f"{path}/-issue-link", ben)).status_code == 404
        assert (await stage.ask("DELETE", path, ben)).status_code == 404
        assert (replaced.status_code, replaced.json()["code"]) == (409, "invite_waits")
        assert await _opens(stage, waits["invite_url"])


async def test_the_owner_of_the_organization_sees_and_replaces_it(
    stage: IdentityStage, owner: Caller, organization: str, shop: str, ben: Caller
) -> None:
    sent = await _invite(stage, ben, shop)
    listed = ok(await stage.get(f"/own/v1/organizations/{organization}/invites", owner))["items"]
    await _invite_to_all(stage, owner, organization)

    assert [each["id"] for each in listed] == [sent["invite"]["id"]]
    assert not await _opens(stage, sent["invite_url"])
    assert await _waiting(stage, ben, shop) == []


@pytest.mark.parametrize("change", ["developer", None])
async def test_what_somebody_sent_ends_when_they_own_the_workspace_no_more(
    stage: IdentityStage, owner: Caller, organization: str, shop: str, ben: Caller, change: str | None
) -> None:
    other = await stage.workspace(owner, organization)
    await _place(stage, owner, other, ben.email, "owner")
    ended, kept = await _invite(stage, ben, shop), await _invite(stage, ben, other, email="fay@orchard.example")
    members = ok(await stage.get(f"/api/v1/workspaces/{shop}/members", owner))["items"]
    path = f"/own/v1/workspaces/{shop}/members/{next(each['id'] for each in members if each['email'] == ben.email)}"
    if change is None:
        assert (await stage.ask("DELETE", path, owner)).status_code == 204
    else:
        ok(await stage.ask("PATCH", path, owner, json={"role": change}))

    assert not await _opens(stage, ended["invite_url"])
    assert await _opens(stage, kept["invite_url"])


async def test_others_invite_nobody(stage: IdentityStage, owner: Caller, shop: str, ben: Caller) -> None:
    waits = (await _invite(stage, ben, shop))["invite"]["id"]
    stranger = await stage.add_user(owner, "cy@orchard.example")
    body = {"email": "fay@orchard.example", "role": "viewer"}

    async def tries() -> list[int]:
        return [
            (await stage.get(_path(shop), stranger)).status_code,
            (await stage.post(_path(shop), stranger, body)).status_code,
            (await stage.post(_path(shop, f"/{waits}/-issue-link"), stranger)).status_code,
            (await stage.ask("DELETE", _path(shop, f"/{waits}"), stranger)).status_code,
        ]

    outside = await tries()
    await _place(stage, owner, shop, stranger.email, "developer")

    assert (outside, await tries()) == ([404] * 4, [403] * 4)
    assert await _waiting(stage, ben, shop) == [EVE]


async def test_nobody_is_invited_to_a_playground(stage: IdentityStage, owner: Caller) -> None:
    personal = ok(await stage.get("/api/v1/me", owner))["primary_organization"]["id"]
    ok(await stage.post(f"/api/v1/organizations/{personal}/-set-region", owner, {"dataplane_id": "eu1"}))
    (playground,) = ok(await stage.get(f"/api/v1/organizations/{personal}/workspaces", owner))["items"]
    refused = await stage.post(_path(playground["id"]), owner, {"email": EVE, "role": "viewer"})

    assert playground["is_playground"]
    assert (refused.status_code, refused.json()["code"]) == (400, "playground")


async def test_where_administrators_invite_owners_of_workspaces_do_not(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'control.db'}"
    async with identity_stage(tmp_path, url, owners_invite=False) as stage:
        administrator = await stage.first_owner()
        shop = await stage.workspace(administrator, await stage.organization(administrator))
        ben = await stage.add_user(administrator, "ben@orchard.example")
        await _place(stage, administrator, shop, ben.email, "owner")
        refused = await stage.post(_path(shop), ben, {"email": EVE, "role": "viewer"})

        assert (refused.status_code, refused.json()["code"]) == (400, "unknown_user")
