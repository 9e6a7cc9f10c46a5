"""Every principal at every route of both planes, at home and elsewhere, against the matrix of `role_matrix`.

What a call would change is undone at its end, so that each meets the same platform.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route
from tests.fakes.archives import REQUIREMENTS, pack
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.control_stage import Person, Stage, definition
from tests.fakes.data_plane import RunningDataPlane, running_data_plane
from tests.fakes.identity_stage import Caller, IdentityStage, identity_stage, ok
from tests.security.role_matrix import CONTROL, CONTROL_ROUTES, LINK_ROUTES, PRINCIPALS, REGION, REGION_ROUTES

from planes.control_plane.app import ROUTERS as CONTROL_ROUTERS
from planes.data_plane.api import logs
from planes.data_plane.app import ROUTERS as REGION_ROUTERS
from planes.domain.identifiers import new_id
from planes.domain.route_grants import CONTROL_PLANE_ROUTES, DATA_PLANE_ROUTES
from planes.storage.database import Database

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(600)]

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
        address = _filled(path, target)
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


def _filled(path: str, target: Target) -> str:
    return re.sub(r"\{(\w+)(:path)?\}", lambda match: target.ids.get(match[1]) or new_id(), path)


def _cell(answer: httpx.Response) -> str:
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


def routes_of(routers: Iterable[Any]) -> set[str]:
    return {
        f"{method} {route.path}"
        for router in routers
        for route in router.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }


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


def test_every_route_is_in_the_matrix_and_in_the_table() -> None:
    control, region = routes_of(CONTROL_ROUTERS), routes_of(REGION_ROUTERS)

    assert set(CONTROL_ROUTES) | LINK_ROUTES == control
    assert set(REGION_ROUTES) == region
    assert set(CONTROL_PLANE_ROUTES) == control
    assert set(DATA_PLANE_ROUTES) == region


async def test_every_principal_at_every_route_of_the_control_plane(rehearsed: Place) -> None:
    wrong: dict[str, tuple[str, str]] = {}
    for route, name in CONTROL_ROUTES.items():
        rows = CONTROL[name]
        for where, expected in (
            ("own", rows.own), ("sibling", rows.sibling), ("same_region", rows.elsewhere),
            ("other_region", rows.elsewhere),
        ):  # fmt: skip
            if not expected or (where == "sibling" and "{workspace_id}" not in route):
                continue
            target: Target = getattr(rehearsed, where)
            answers = [await rehearsed.ask(route, principal, target) for principal in PRINCIPALS]
            if expected == "same":
                found = "".join("=" if one.status_code == answers[-1].status_code else "?" for one in answers)
                expected = "=" * len(PRINCIPALS)
            else:
                found = "".join(map(_cell, answers))
            if found != expected:
                wrong[f"{route} ({where})"] = (expected, found)

    assert wrong == {}


async def test_only_the_region_of_a_run_reports_it(rehearsed: Place) -> None:
    at = rehearsed.stage.clock.now().isoformat()
    bodies = {
        "PUT /link/v1/runs/{run_id}/status": {"fence": 1, "status": "running", "at": at},
        "POST /link/v1/runs/{run_id}/-issue-token": {"fence": 1},
        "PUT /link/v1/runs/{run_id}/pipeline-runs/{pipeline_run_id}": {
            "fence": 1, "pipeline_name": "p", "status": "succeeded",
        },
    }  # fmt: skip
    for route in LINK_ROUTES:
        for principal in (one for one in PRINCIPALS if one != "data plane"):
            answer = await rehearsed.ask(route, principal, rehearsed.own)
            assert answer.status_code == 401, (route, principal)
    for route, body in bodies.items():
        method, path = route.split(" ")
        address = _filled(path, rehearsed.own)
        for region, expected in (("eu1", {200}), ("us1", {404, 409})):
            content, headers = rehearsed.stage.signed(region, method, address, body)
            answer = await rehearsed.stage.client.request(method, address, content=content, headers=headers)
            assert answer.status_code in expected, (route, region, answer.text)


@dataclass(kw_only=True)
class Regions:
    """Both data planes, and the tokens that the principals of the control plane get for their workspace."""

    place: Place
    planes: dict[str, RunningDataPlane]
    tokens: dict[str, str | None]
    uploads: dict[tuple[str, str], tuple[str, str] | None]

    async def ask(self, plane: str, route: str, target: Target, token: str | None) -> httpx.Response:
        method, path = route.split(" ")
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        rest: dict[str, Any] = {}
        if route.endswith("-upload"):
            rest["files"] = {
                "file": ("a.tar.gz", pack({"prod.config.toml": b"a = 1\n"}), "application/x-tar"),
                **({"requirements_file": ("r.json", REQUIREMENTS, "application/json")} if "deploy" in route else {}),
            }
        elif route.startswith("PATCH"):
            rest["json"] = {"profile": None, "upserts": []}
        elif route.startswith("PUT /own"):
            rest["json"] = {"pii": [], "patterns": [], "allowed": []}
        elif route.startswith("POST"):
            rest["json"] = {}
        elif route.endswith(("-search", "-new", "-compare", "-first")):
            rest["params"] = {"text": "x", "against": target.ids["run_id"], "at": "2026-01-01T00:00:00Z"}
        return await self.planes[plane].client.request(method, _filled(path, target), headers=headers, **rest)


@pytest.fixture
async def regions(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Regions]:
    monkeypatch.setattr(logs, "LEASE_WAIT_SECONDS", 0)
    key = place.stage.parts.signing_key
    async with (
        FakeControlPlane(key=key, dataplane_id="eu1").serving() as near,
        FakeControlPlane(key=key, dataplane_id="us1").serving() as far,
        running_data_plane(tmp_path / "eu1", near) as eu1,
        running_data_plane(tmp_path / "us1", far, dataplane_id="us1") as us1,
    ):
        tokens: dict[str, str | None] = {}
        uploads: dict[tuple[str, str], tuple[str, str] | None] = {}
        for principal in PRINCIPALS:
            found = await place.ask(
                "POST /api/v1/workspaces/{workspace_id}/-issue-dataplane-token", principal, place.own
            )
            tokens[principal] = found.json()["token"] if found.status_code == 200 else None
            for kind in ("deployment", "configuration"):
                issue = f"POST /api/v1/workspaces/{{workspace_id}}/{kind}s/-issue-upload"
                ticket = await place.ask(issue, principal, place.own)
                body = ticket.json()
                uploads[principal, kind] = (
                    (body[f"{kind}_id"], body["upload_token"]) if ticket.status_code == 200 else None
                )
        yield Regions(place=place, planes={"eu1": eu1, "us1": us1}, tokens=tokens, uploads=uploads)


async def test_every_principal_at_every_route_of_a_region(regions: Regions) -> None:
    wrong: dict[str, tuple[str, str]] = {}
    asking = PRINCIPALS[: len(REGION["read"])]
    for route, name in REGION_ROUTES.items():
        expected = REGION[name]
        if expected == "same":
            answers = [await regions.ask("eu1", route, regions.place.own, token) for token in regions.tokens.values()]
            assert len({answer.status_code for answer in answers}) == 1, route
            continue
        for where, plane, target in (
            ("own", "eu1", regions.place.own), ("sibling", "eu1", regions.place.sibling),
            ("other organization", "eu1", regions.place.same_region), ("other region", "us1", regions.place.own),
            ("other region's workspace", "us1", regions.place.other_region),
        ):  # fmt: skip
            cells = [await _region_cell(regions, plane, route, target, principal, name) for principal in asking]
            row = expected if where == "own" else "".join(
                one if one == "." or (one == "-" and name == "upload") else ("o" if plane == "eu1" else "x")
                for one in expected
            )  # fmt: skip
            if "".join(cells) != row:
                wrong[f"{route} ({where})"] = (row, "".join(cells))

    assert wrong == {}


async def _region_cell(
    regions: Regions, plane: str, route: str, target: Target, principal: str, name: str
) -> str:  # fmt: skip
    token = regions.tokens[principal]
    if token is None:
        return "."
    if name == "upload":
        kind = "deployment" if "deployments" in route else "configuration"
        ticket = regions.uploads[principal, kind]
        if ticket is None:
            return "-"
        token = ticket[1]
        target = Target(ids={**target.ids, f"{kind}_id": ticket[0]})
    return _cell(await regions.ask(plane, route, target, token))


async def test_no_other_credential_opens_a_region(regions: Regions) -> None:
    """Sessions, keys, run tokens and the tokens of uploads are for other doors."""
    credentials = [None, *filter(None, regions.place.credentials.values())]
    region_token = regions.tokens["workspace owner"]
    for route, name in REGION_ROUTES.items():
        if name == "open":
            continue
        for credential in credentials:
            if credential == regions.place.credentials["region token"] and name != "upload":
                continue
            assert (await regions.ask("eu1", route, regions.place.own, credential)).status_code == 401, route
        if name == "upload":
            assert (await regions.ask("eu1", route, regions.place.own, region_token)).status_code == 401, route
