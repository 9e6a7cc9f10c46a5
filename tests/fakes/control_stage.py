"""A real control plane in this process with one organization, one workspace and the keys of two data planes.

Requests go through the whole application; only time stands still until a test moves it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
from tests.fakes.clock import FakeClock

from planes.control_plane.app import ControlPlane, open_control_plane
from planes.control_plane.services.parts import Parts
from planes.domain.access import OrganizationRole, WorkspaceRole
from planes.domain.identifiers import new_id
from planes.settings import ControlPlaneSettings
from planes.storage.control import api_keys, data_planes, identity, organizations, workspaces
from planes.tokens.keys import SigningKey
from planes.tokens.link_proof import sign_call
from planes.tokens.opaque import PERSONAL_KEY_PREFIX, hash_secret, new_secret

LAUNCHER = "dlt._workspace.deployment.launchers.job"
PUBLIC_URL = "http://127.0.0.1:8400"
# Nobody listens there: an app that is told of it must not meet a platform that runs on this machine.
REGION_URL = "http://127.0.0.1:9"


def definition(name: str, *triggers: str, **changes: Any) -> dict[str, Any]:
    """A job definition as the client sends it: a batch job of module `jobs`."""
    return {
        "engine_version": 2,
        "job_ref": f"jobs.jobs.{name}",
        "entry_point": {"module": "jobs", "function": name, "job_type": "batch", "launcher": LAUNCHER},
        "triggers": list(triggers),
        "execute": {},
        **changes,
    }


@dataclass(frozen=True)
class Person:
    """Somebody with an API key."""

    user_id: str
    membership_id: str
    headers: dict[str, str]


@dataclass(kw_only=True)
class Stage:
    """The workspace lives in `eu1`; `owner` may do everything in it."""

    plane: ControlPlane
    clock: FakeClock
    client: httpx.AsyncClient
    organization_id: str
    workspace_id: str
    owner: Person
    keys: dict[str, SigningKey]

    @property
    def parts(self) -> Parts:
        return self.plane.parts

    def path(self, rest: str) -> str:
        """A path below the workspace."""
        return f"/api/v1/workspaces/{self.workspace_id}{rest}"

    async def get(self, rest: str, *, by: Person | None = None, **query: Any) -> httpx.Response:
        return await self.client.get(self.path(rest), params=query, headers=(by or self.owner).headers)

    async def own(self, rest: str, *, by: Person | None = None, **query: Any) -> httpx.Response:
        """Reads one of our own routes below the workspace."""
        path = f"/own/v1/workspaces/{self.workspace_id}{rest}"
        return await self.client.get(path, params=query or None, headers=(by or self.owner).headers)

    async def post(self, rest: str, body: Any = None, *, by: Person | None = None) -> httpx.Response:
        return await self.client.post(self.path(rest), json=body, headers=(by or self.owner).headers)

    async def link(self, method: str, path: str, body: Any, *, plane: str = "eu1") -> httpx.Response:
        """One call that a data plane signs."""
        content = json.dumps(body).encode()
        path = f"/link/v1/{path}"
        token = sign_call(self.keys[plane], plane, method, path, content, self.clock.now())
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return await self.client.request(method, path, content=content, headers=headers)

    async def poll(
        self, *, plane: str = "eu1", free: int = 8, held: Sequence[tuple[str, int]] = (), **more: Any
    ) -> dict[str, Any]:
        """One poll; with news it answers at once. `more` are members of other versions."""
        body = {
            "free_slots": free,
            "held": [{"run_id": run_id, "fence": fence} for run_id, fence in held],
            "url": REGION_URL,
            "epoch": 0,
            **more,
        }
        answer = await self.link("POST", "-poll", body, plane=plane)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def until_polls_wait(self, count: int = 1, *, plane: str = "eu1") -> None:
        """Until so many polls of a data plane have looked and wait for news, whatever their database takes."""
        events = self.parts.news._events
        with anyio.fail_after(240):
            while (event := events.get(plane)) is None or event.statistics().tasks_waiting < count:
                await anyio.sleep(0.001)

    @asynccontextmanager
    async def waiting_polls(self, count: int = 1, *, free: int = 8) -> AsyncGenerator[list[dict[str, Any]]]:
        """So many polls wait; the block's end waits for their answers, which are in the list as they come."""
        answers: list[dict[str, Any]] = []

        async def wait() -> None:
            answers.append(await self.poll(free=free))

        with anyio.fail_after(240):
            async with anyio.create_task_group() as group:
                for _ in range(count):
                    group.start_soon(wait)
                await self.until_polls_wait(count)
                yield answers

    async def report(self, run_id: str, status: str, *, fence: int = 1, plane: str = "eu1") -> httpx.Response:
        body = {"fence": fence, "status": status, "at": self.clock.now().isoformat()}
        return await self.link("PUT", f"runs/{run_id}/status", body, plane=plane)

    async def upload(self, *, profiles: Sequence[str] = ("prod", "access")) -> tuple[str, str]:
        """What a data plane writes back after both uploads; the ids of deployment and configuration."""
        deployment_id, configuration_id = new_id(), new_id()
        row = {
            "workspace_id": self.workspace_id,
            "content_hash": "A" * 43 + "=",
            "file_count": 3,
            "size_bytes": 1000,
            "created_by": self.owner.membership_id,
            "created_at": self.clock.now().isoformat(),
        }
        for path, extra in (
            (f"deployments/{deployment_id}", {"requirements_size_bytes": 20}),
            (f"configurations/{configuration_id}", {"profiles": list(profiles)}),
        ):
            answer = await self.link("PUT", path, {**row, **extra})
            assert answer.status_code == 200, answer.text
        return deployment_id, configuration_id

    async def deploy(self, *jobs: dict[str, Any], by: Person | None = None, **changes: Any) -> httpx.Response:
        """A module deploy unless `deployment_module=None` is given."""
        body = {
            "job_definition_engine_version": 2,
            "job_definition_hash": "h",
            "jobs": list(jobs),
            "deployment_module": "__deployment__",
            "description": None,
            **changes,
        }
        return await self.post("/-deploy", body, by=by)

    async def deployed(self, *jobs: dict[str, Any], **changes: Any) -> dict[str, str]:
        """Uploads and deploys; the jobs' ids by name."""
        await self.upload()
        answer = await self.deploy(*jobs, **changes)
        assert answer.status_code == 200, answer.text
        return await self.job_ids()

    async def job_ids(self) -> dict[str, str]:
        listed = (await self.get("/jobs")).json()["items"]
        return {item["job_ref"].rpartition(".")[2]: item["id"] for item in listed}

    async def trigger(self, job_id: str, **changes: Any) -> dict[str, Any]:
        """Starts one job by its id; its run."""
        answer = await self.post("/jobs/-trigger", {"job_ids": [job_id], **changes})
        assert answer.status_code == 200, answer.text
        return answer.json()["succeeded"][0]["job_run"]

    async def finished(self, run_id: str, status: str = "completed") -> None:
        """Claims whatever waits and brings this run to its end."""
        await self.poll()
        for step in ("running", status):
            answer = await self.report(run_id, step)
            assert answer.status_code == 200, answer.text

    async def run(self, run_id: str) -> dict[str, Any]:
        return (await self.get(f"/job-runs/{run_id}")).json()

    async def runs(self, **query: Any) -> list[dict[str, Any]]:
        return (await self.get("/job-runs", **query)).json()["items"]

    async def person(
        self, role: WorkspaceRole | None, organization_role: OrganizationRole = OrganizationRole.MEMBER
    ) -> Person:
        """One more member of the organization, with this role in the workspace."""
        person = await _add_person(self.parts, self.organization_id, organization_role)
        if role is not None:
            async with self.parts.database.transaction() as connection:
                await workspaces.add_workspace_membership(
                    connection,
                    workspaces.WorkspaceMembership(
                        id=new_id(),
                        workspace_id=self.workspace_id,
                        organization_membership_id=person.membership_id,
                        role=role.value,
                    ),
                    self.clock.now(),
                )
        return person


@asynccontextmanager
async def control_stage(folder: Path, database_url: str) -> AsyncGenerator[Stage]:
    """Opens the control plane and fills it. No loop runs: tests call them."""
    clock = FakeClock()
    plane = await open_control_plane(
        ControlPlaneSettings(
            folder=folder,
            public_url=PUBLIC_URL,
            database_url=database_url,
            owner_key_file=folder / "owner.key",
            version="0",
        ),
        clock,
    )
    try:
        keys = {name: SigningKey.generate() for name in ("eu1", "us1")}
        organization_id, workspace_id = await _add_places(plane.parts, keys)
        owner = await _add_person(plane.parts, organization_id, OrganizationRole.OWNER)
        transport = httpx.ASGITransport(plane.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, timeout=240) as client:
            yield Stage(
                plane=plane,
                clock=clock,
                client=client,
                organization_id=organization_id,
                workspace_id=workspace_id,
                owner=owner,
                keys=keys,
            )
    finally:
        await plane.close()


async def _add_places(parts: Parts, keys: dict[str, SigningKey]) -> tuple[str, str]:
    now = parts.clock.now()
    organization_id, workspace_id = new_id(), new_id()
    async with parts.database.transaction() as connection:
        for number, (name, key) in enumerate(keys.items()):
            plane = data_planes.DataPlane(
                id=name,
                name=name,
                region="Europe",
                description=None,
                key_id=key.public.kid,
                public_key=key.public.text,
                url=f"http://127.0.0.1:{9 + number}",
                created_at=now,
                enrolled_at=now,
                last_seen_at=now,
            )
            await data_planes.add_data_plane(connection, plane)
        await organizations.add_organization(
            connection,
            organizations.Organization(
                id=organization_id,
                name="Acme",
                description=None,
                dataplane_id="eu1",
                personal_user_id=None,
                created_at=now,
                updated_at=now,
            ),
        )
        await workspaces.add_workspace(
            connection,
            workspaces.WorkspaceToAdd(
                id=workspace_id,
                organization_id=organization_id,
                name="demo",
                description=None,
                is_playground=False,
                now=now,
            ),
        )
    return organization_id, workspace_id


async def _add_person(parts: Parts, organization_id: str, role: OrganizationRole) -> Person:
    now = parts.clock.now()
    user_id, membership_id, secret = new_id(), new_id(), new_secret(PERSONAL_KEY_PREFIX)
    async with parts.database.transaction() as connection:
        await identity.add_user(
            connection,
            identity.User(
                id=user_id,
                email=f"{user_id}@example.com",
                name=None,
                kind="human",
                password_hash=None,
                is_administrator=False,
                is_vouched=True,
                created_at=now,
                updated_at=now,
            ),
        )
        await organizations.add_membership(
            connection,
            organizations.OrganizationMembership(
                id=membership_id,
                organization_id=organization_id,
                user_id=user_id,
                role=role.value,
                is_active=True,
                created_at=now,
                updated_at=now,
            ),
        )
        await api_keys.add_api_key(
            connection,
            api_keys.ApiKey(
                id=new_id(),
                key_hash=hash_secret(secret),
                name="test",
                user_id=user_id,
                workspace_id=None,
                role=None,
                created_by=user_id,
                created_at=now,
                expires_at=now + timedelta(days=3650),
                last_used_at=now,
                revoked_at=None,
            ),
        )
    return Person(user_id=user_id, membership_id=membership_id, headers={"authorization": f"Bearer {secret}"})
