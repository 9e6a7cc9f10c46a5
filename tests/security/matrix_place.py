"""An installation with people of every kind, and how a call of each is taken."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.control_stage import Person, Stage, definition
from tests.fakes.identity_stage import Caller, IdentityStage, identity_stage, ok
from tests.security.role_matrix import PRINCIPALS

from planes.domain.identifiers import new_id
from planes.storage.database import Database

BOARD = {
    **definition("board", "http:", expose={"interface": "gui"}),
    "entry_point": {
        "module": "jobs", "function": None, "job_type": "interactive",
        "launcher": "dlt._workspace.deployment.launchers.marimo",
    },
}  # fmt: skip
NO_WORKSPACE = {"workspace_not_found", "organization_not_found"}


@dataclass(kw_only=True)
class Target:
    """Where a call goes: ids by the names of paths' parameters."""

    ids: dict[str, str]


@dataclass(kw_only=True)
class Place:
    """An installation with people of every kind, and the places that they ask for."""

    stage: IdentityStage
    credentials: dict[str, str | None] = field(default_factory=dict[str, str | None])
    own: Target
    sibling: Target
    same_region: Target
    other_region: Target
    codes: dict[str, str]

    async def ask(self, route: str, principal: str, target: Target) -> httpx.Response:
        method, path = route.split(" ")
        headers, content = self._body(route, target)
        address = filled(path, target)
        if principal == "data plane":
            _, proof = self.stage.signed("eu1", method, address, {})
            headers["authorization"] = proof["authorization"]
        elif (credential := self.credentials[principal]) is not None:
            headers["authorization"] = f"Bearer {credential}"
        return await self.stage.client.request(method, address, headers=headers, **content)

    def _body(self, route: str, target: Target) -> tuple[dict[str, str], dict[str, Any]]:
        body = self._bodies(target).get(route)
        # Whoever is let in to the endless stream is refused inside, for a place that is no number.
        headers = {"last-event-id": "x"} if route == "GET /own/v1/changes" else {}
        return headers, {} if body is None else {"json": body}

    def _bodies(self, target: Target) -> dict[str, Any]:
        workspace, organization = "/api/v1/workspaces/{workspace_id}", "/api/v1/organizations/{organization_id}"
        own_workspace = "/own/v1/workspaces/{workspace_id}"
        own_organization = "/own/v1/organizations/{organization_id}"
        return {
            "POST /own/v1/organizations": {"name": "another"},
            "POST /own/v1/api-keys": {"name": "another"},
            "POST /own/v1/sign-ins/-inspect": {"user_code": self.codes["user_code"]},
            "POST /own/v1/sign-ins/-approve": {"user_code": self.codes["user_code"]},
            "POST /own/v1/users": {"email": "somebody@orchard.example"},
            "POST /own/v1/signing-keys/-rotate": {},
            "POST /own/v1/data-planes": {"dataplane_id": "ap1", "place": "Asia"},
            f"POST {organization}/workspaces": {"name": "another", "description": None},
            f"POST {organization}/-set-region": {"dataplane_id": "eu1"},
            f"POST {own_organization}/members": {"email": "idle@orchard.example", "role": "member"},
            f"POST {own_organization}/invites": {"email": "new@orchard.example", "role": "member"},
            f"PATCH {own_organization}/members/{{membership_id}}": {"role": "member"},
            f"PATCH {workspace}": {"name": "renamed"},
            f"POST {workspace}/-deploy": {
                "job_definition_engine_version": 2, "job_definition_hash": "h", "jobs": [definition("load")],
                "deployment_module": None, "description": None, "dry_run": True,
            },
            f"POST {workspace}/jobs/-trigger": {"job_ids": [target.ids["board_id"]]},
            f"POST {workspace}/job-runs": {"job_id": target.ids["board_id"], "trigger": "http:"},
            f"POST {workspace}/job-runs/-cancel": {"job_run_ids": [target.ids["run_id"]]},
            f"POST {own_workspace}/-roll-back": {"deployment_id": new_id()},
            f"PUT {own_workspace}/retention": {"keep_versions": 100},
            f"PUT {own_workspace}/strictness": {"is_strict": False},
            f"PUT {own_workspace}/jobs/{{job_id}}/retries": {"attempts": 2},
            f"POST {own_workspace}/jobs/{{job_id}}/backfills": {"slice": "1d", "start": "2026-01-01", "dry_run": True},
            f"POST {own_workspace}/api-keys": {"name": "another", "role": "viewer"},
            f"PUT {own_workspace}/default-role": {"role": "viewer"},
            f"POST {own_workspace}/members": {"email": "idle@orchard.example", "role": "viewer"},
            f"PATCH {own_workspace}/members/{{member_id}}": {"role": "viewer"},
            f"POST {own_workspace}/invites": {"email": "newer@orchard.example", "role": "viewer"},
        }  # fmt: skip


def filled(path: str, target: Target) -> str:
    return re.sub(r"\{(\w+)(:path)?\}", lambda match: target.ids.get(match[1]) or new_id(), path)


def cell(answer: httpx.Response) -> str:
    """How the door took it. What is refused further in was let in."""
    body: dict[str, Any] = {}
    if answer.status_code >= 400 and answer.headers.get("content-type") == "application/json":
        body = answer.json()
    if answer.status_code == 401:
        return "x"
    if answer.status_code == 403:
        return "-"
    if answer.status_code == 404 and (body.get("code") in NO_WORKSPACE or body.get("detail") in _HIDDEN):
        return "o"
    assert answer.status_code < 500, (answer.request.url, answer.status_code, answer.text)
    return "+"


_HIDDEN = {"There is no such workspace here.", "There is nothing here for this token.", "Not Found"}


async def _workspace(identity: IdentityStage, owner: Caller, region: str, name: str) -> Stage:
    organization_id = await identity.organization(owner, name, region)
    workspace_id = await identity.workspace(owner, organization_id, name)
    return await _fill(identity, owner, organization_id, workspace_id)


async def _fill(identity: IdentityStage, owner: Caller, organization_id: str, workspace_id: str) -> Stage:
    me = ok(await identity.get(f"/api/v1/workspaces/{workspace_id}/me", owner))
    person = Person(
        user_id=owner.user_id, membership_id=me["organization_membership_id"], headers=dict(owner.headers)
    )  # fmt: skip
    return Stage(
        plane=identity.plane, clock=identity.clock, client=identity.client, organization_id=organization_id,
        workspace_id=workspace_id, owner=person, keys=identity.keys,
    )  # fmt: skip


async def _target(stage: Stage, region: str) -> Target:
    """A workspace with a deployment, a job, a run that goes on, a member and a key."""
    deployment_id, configuration_id = await _uploaded(stage, region)
    jobs = await _jobs(stage)
    run = await stage.trigger(jobs["load"])
    await stage.poll(plane=region)
    identity_headers = stage.owner.headers
    own = f"/own/v1/workspaces/{stage.workspace_id}"
    members = ok(await stage.client.get(stage.path("/members"), headers=identity_headers))["items"]
    key = ok(await stage.client.post(f"{own}/api-keys", headers=identity_headers, json={"role": "viewer"}))
    return Target(
        ids={
            "organization_id": stage.organization_id, "workspace_id": stage.workspace_id, "job_id": jobs["load"],
            "board_id": jobs["board"], "run_id": run["id"], "deployment_id": deployment_id,
            "configuration_id": configuration_id, "member_id": members[0]["id"], "key_id": key["id"],
            "membership_id": stage.owner.membership_id,
        }
    )  # fmt: skip


async def _uploaded(stage: Stage, region: str) -> tuple[str, str]:
    row = {
        "workspace_id": stage.workspace_id, "content_hash": "A" * 43 + "=", "file_count": 3, "size_bytes": 1000,
        "created_by": stage.owner.membership_id, "created_at": stage.clock.now().isoformat(),
    }  # fmt: skip
    ids = new_id(), new_id()
    extras: tuple[dict[str, Any], ...] = ({"requirements_size_bytes": 20}, {"profiles": ["prod", "access"]})
    for kind, uploaded, extra in zip(("deployments", "configurations"), ids, extras, strict=True):
        ok(await stage.link("PUT", f"{kind}/{uploaded}", {**row, **extra}, plane=region))
    return ids


async def _jobs(stage: Stage) -> dict[str, str]:
    answer = await stage.deploy(definition("load", "schedule:0 3 * * *"), BOARD)
    assert answer.status_code == 200, answer.text
    return await stage.job_ids()


@asynccontextmanager
async def _opened(folder: Path) -> AsyncGenerator[Place]:
    async with identity_stage(folder, f"sqlite+aiosqlite:///{folder / 'control.db'}") as identity:
        identity.clock.advance(seconds=(datetime.now(UTC) - identity.clock.now()).total_seconds())
        administrator = await identity.first_owner()
        people = {
            name: await identity.add_user(administrator, f"{name}@orchard.example")
            for name in ("owner", "member", "collaborator", "wowner", "developer", "viewer", "stranger", "idle")
        }
        for person in (*people.values(), administrator):
            ok(await identity.get("/api/v1/me", person))  # the first call makes an organization, which is undone below
        home = await _workspace(identity, people["owner"], "eu1", "home")
        sibling_id = await identity.workspace(people["owner"], home.organization_id, "sibling")
        sibling = await _fill(identity, people["owner"], home.organization_id, sibling_id)
        near = await _workspace(identity, people["stranger"], "eu1", "near")
        far = await _workspace(identity, people["stranger"], "us1", "far")
        await _join(identity, people, home)
        own = await _target(home, "eu1")
        place = Place(
            stage=identity,
            own=own,
            sibling=await _target(sibling, "eu1"),
            same_region=await _target(near, "eu1"),
            other_region=await _target(far, "us1"),
            codes=ok(await identity.post("/auth/v1/sessions/-issue-device-code")),
        )
        await _add_credentials(place, home, people, administrator)
        yield place


async def _join(identity: IdentityStage, people: dict[str, Caller], home: Stage) -> None:
    owner = people["owner"]
    for name in ("member", "wowner", "developer", "viewer"):
        body = {"email": people[name].email, "role": "member"}
        ok(await identity.post(f"/own/v1/organizations/{home.organization_id}/members", owner, body))
    for name, role in (
        ("wowner", "owner"), ("developer", "developer"), ("viewer", "viewer"), ("collaborator", "developer"),
    ):  # fmt: skip
        body = {"email": people[name].email, "role": role}
        ok(await identity.post(f"/own/v1/workspaces/{home.workspace_id}/members", owner, body))


async def _add_credentials(place: Place, home: Stage, people: dict[str, Caller], administrator: Caller) -> None:
    identity = place.stage
    own = f"/own/v1/workspaces/{home.workspace_id}/api-keys"
    run = await home.link("POST", f"runs/{place.own.ids['run_id']}/-issue-token", {"fence": 1})
    personal = ok(await identity.post("/own/v1/api-keys", people["wowner"], {"name": "mine"}))["api_key"]
    keys = {
        role: ok(await identity.post(own, people["owner"], {"name": role, "role": role}))["api_key"]
        for role in ("developer", "viewer")
    }
    region = ok(
        await identity.post(f"/api/v1/workspaces/{home.workspace_id}/-issue-dataplane-token", people["owner"])
    )["token"]  # fmt: skip
    values = (
        people["owner"].jwt, people["member"].jwt, people["collaborator"].jwt, people["wowner"].jwt,
        people["developer"].jwt, people["viewer"].jwt, personal, keys["developer"], keys["viewer"],
        ok(run)["token"], administrator.jwt, None, region, None,
    )  # fmt: skip
    place.credentials.update(zip(PRINCIPALS, values, strict=True))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[Place]:
    async with _opened(tmp_path) as place:
        yield place


@pytest.fixture
def rehearsed(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The same place, which forgets what a call changes when its transaction ends."""
    transaction = Database.transaction

    class _UndoneError(Exception):
        pass

    @asynccontextmanager
    async def undone(self: Database) -> AsyncGenerator[Any]:
        try:
            async with transaction(self) as connection:
                yield connection
                raise _UndoneError
        except _UndoneError:
            return

    monkeypatch.setattr(Database, "transaction", undone)
    return place
