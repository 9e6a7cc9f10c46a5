"""Swap codes and public addresses, as a region redeems them and as a browser meets them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from tests.fakes.control_stage import REGION_URL, Person, Stage, definition

from planes.control_plane.services.identity.sessions import SignedIn, end_session, issue_swap_code, start_session
from planes.domain.access import OrganizationRole, WorkspaceRole
from planes.domain.identifiers import new_id
from planes.storage.control import identity
from planes.tokens.claims import TokenKind, verify

pytestmark = pytest.mark.anyio
ENTRY = {
    "module": "app", "function": None, "job_type": "interactive",
    "launcher": "dlt._workspace.deployment.launchers.marimo",
}  # fmt: skip


@pytest.fixture
async def job_id(stage: Stage) -> str:
    return (await stage.deployed(definition("app", "http:", entry_point=ENTRY)))["app"]


async def sign_in(stage: Stage, person: Person) -> SignedIn:
    async with stage.parts.database.transaction() as connection:
        user = await identity.find_user(connection, person.user_id)
        assert user is not None
        return await start_session(connection, stage.parts, user, "test")


async def swap_code(stage: Stage, person: Person) -> str:
    return await issue_swap_code(stage.parts, (await sign_in(stage, person)).refresh_token)


async def redeem(stage: Stage, code: str, job_id: str, **changes: Any) -> Any:
    body = {"code": code, "workspace_id": stage.workspace_id, "job_id": job_id, **changes.pop("body", {})}
    return await stage.link("POST", "swap-codes/-redeem", body, **changes)


async def test_code_gives_the_region_a_token_once(stage: Stage, job_id: str) -> None:
    code = await swap_code(stage, stage.owner)

    first, again = await redeem(stage, code, job_id), await redeem(stage, code, job_id)

    claims = verify(
        first.json()["token"], [stage.parts.signing_key.public], audience="eu1", kinds=[TokenKind.DATA_PLANE],
        now=stage.clock.now(),
    )  # fmt: skip
    assert (claims.workspace_id, claims.subject, claims.role) == (stage.workspace_id, stage.owner.user_id, "owner")
    assert claims.session_id is not None, "so that signing out ends it"
    assert (again.status_code, again.json()["code"]) == (401, "swap_code_refused")
    async with stage.parts.database.reading() as connection:
        query = text("SELECT actor_user_id, facts FROM audit_events WHERE action = 'swap_code_redeemed'")
        ((user_id, facts),) = (await connection.execute(query)).all()
    assert user_id == stage.owner.user_id
    assert "eu1" in str(facts)


async def test_code_is_for_a_minute_and_for_the_region_of_the_workspace(stage: Stage, job_id: str) -> None:
    elsewhere = await redeem(stage, await swap_code(stage, stage.owner), job_id, plane="us1")
    late = await swap_code(stage, stage.owner)
    stage.clock.advance(seconds=61)
    other = await redeem(stage, await swap_code(stage, stage.owner), job_id, body={"workspace_id": new_id()})

    assert (elsewhere.status_code, other.status_code) == (404, 404)
    assert (await redeem(stage, late, job_id)).status_code == 401


async def test_code_of_a_session_that_ended_opens_nothing(stage: Stage, job_id: str) -> None:
    session = await sign_in(stage, stage.owner)
    to_region, to_pages = [await issue_swap_code(stage.parts, session.refresh_token) for _ in range(2)]
    await end_session(stage.parts, session.refresh_token)

    at_region = await redeem(stage, to_region, job_id)
    at_pages = await stage.client.get(f"/w/{stage.workspace_id}", params={"swap": to_pages})

    assert (at_region.status_code, at_region.json()["code"]) == (401, "swap_code_refused")
    assert "set-cookie" not in at_pages.headers
    assert await stage.runs() == []


async def test_somebody_outside_of_the_workspace_is_refused(stage: Stage, job_id: str) -> None:
    stranger = await stage.person(None, OrganizationRole.COLLABORATOR)

    answer = await redeem(stage, await swap_code(stage, stranger), job_id)

    assert answer.status_code == 404
    assert await stage.runs() == []


async def test_opening_starts_an_app_that_does_not_run(stage: Stage, job_id: str) -> None:
    viewer = await stage.person(WorkspaceRole.VIEWER)
    for person in (stage.owner, viewer):
        assert (await redeem(stage, await swap_code(stage, person), job_id)).status_code == 200

    (run,) = await stage.runs()
    assert (run["trigger"], run["status"], run["triggered_by"]) == ("http:", "pending", stage.owner.membership_id)


async def test_viewer_starts_no_app_on_another_profile(stage: Stage) -> None:
    await stage.upload(profiles=("prod",))
    await stage.deploy(definition("app", "http:", entry_point=ENTRY))
    job_id = (await stage.job_ids())["app"]
    viewer = await stage.person(WorkspaceRole.VIEWER)

    answer = await redeem(stage, await swap_code(stage, viewer), job_id)

    assert answer.status_code == 200
    assert await stage.runs() == []


async def test_addresses_lead_to_the_region(stage: Stage, job_id: str) -> None:
    await stage.trigger(job_id)
    await stage.poll()
    published = (await stage.post(f"/jobs/{job_id}/-publish")).json()
    path = published["public_url"].removeprefix("http://127.0.0.1:8400")

    opened = await stage.client.get(f"/apps/{stage.workspace_id}/{job_id}", params={"swap": "a-code"})
    public = await stage.client.get(path)
    nowhere = await stage.client.get(f"/public/{new_id()}")

    assert (opened.status_code, public.status_code, nowhere.status_code) == (303, 303, 404)
    assert opened.headers["location"] == f"{REGION_URL}/apps/{stage.workspace_id}/{job_id}?swap=a-code"
    assert public.headers["location"] == f"{REGION_URL}{path}"
    assert opened.headers["referrer-policy"] == "no-referrer"


async def test_public_address_rotates_and_what_it_opened_ends(stage: Stage, job_id: str) -> None:
    async def find(secret: str, plane: str = "eu1") -> Any:
        return await stage.link("POST", "public-links/-find", {"secret": secret}, plane=plane)

    first = (await stage.post(f"/jobs/{job_id}/-publish")).json()["public_secret"]
    found = (await find(first)).json()
    second = (await stage.post(f"/jobs/{job_id}/-publish")).json()["public_secret"]
    poll = await stage.poll()

    assert (found["job_id"], found["workspace_id"]) == (job_id, stage.workspace_id)
    assert first != second
    assert (await find(first)).status_code == 404
    assert (await find(second, plane="us1")).status_code == 404
    (revoked,) = [item for item in poll["revocations"] if item["claim"] == "pub"]
    assert revoked["epoch"] > found["epoch"]
    assert first not in revoked["value"], "only its hash is told"
    await stage.post(f"/jobs/{job_id}/-unpublish")
    assert (await find(second)).status_code == 404
    assert len((await stage.poll())["revocations"]) == 2


async def test_public_address_of_an_archived_workspace_opens_nothing(stage: Stage, job_id: str) -> None:
    secret = (await stage.post(f"/jobs/{job_id}/-publish")).json()["public_secret"]
    assert (await stage.client.get(f"/public/{secret}")).status_code == 303
    assert (await stage.post("/-archive")).status_code == 200

    assert (await stage.client.get(f"/public/{secret}")).status_code == 404
    assert (await stage.link("POST", "public-links/-find", {"secret": secret})).status_code == 404
