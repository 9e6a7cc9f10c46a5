"""One real data plane on a real port, enrolled at a control plane for tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
from tests.fakes.archives import REQUIREMENTS
from tests.fakes.control_plane import JOIN_TOKEN, FakeControlPlane

from planes.data_plane.app import DataPlane, open_data_plane
from planes.data_plane.services.secrets.variables import ResolvedVariables
from planes.data_plane.services.uploads.code_trees import CodeTrees
from planes.data_plane.services.uploads.listings import find_version
from planes.domain.access import Grant
from planes.domain.identifiers import new_id
from planes.server.listening import AppServer, listen_tcp
from planes.settings import DataPlaneSettings
from planes.storage.data import runs, uploads
from planes.wire.link import Lease


@dataclass(kw_only=True)
class RunningDataPlane:
    """The plane, who vouches for its clients, and one organization with one workspace."""

    plane: DataPlane
    control: FakeControlPlane
    client: httpx.AsyncClient
    folder: Path
    organization_id: str = field(default_factory=new_id)
    workspace_id: str = field(default_factory=new_id)

    def headers(self, *grants: Grant, **changes: Any) -> dict[str, str]:
        """A client's credential for the workspace."""
        token = self.control.data_token(self.organization_id, self.workspace_id, *grants, **changes)
        return {"authorization": f"Bearer {token}"}

    async def hold_run(self, run_id: str, **changes: Any) -> None:
        """A run of the workspace that goes on, by the region's own row."""
        parts = self.plane.services.parts
        row = {
            "id": run_id, "organization_id": self.organization_id, "workspace_id": self.workspace_id,
            "job_ref": "jobs.jobs.load", "number": 1, "profile": "prod", "fence": 1, "lease": {},
            "state": runs.STARTED, "leased_at": parts.clock.now(), **changes,
        }  # fmt: skip
        async with parts.database.transaction() as connection:
            await runs.add(connection, row)

    def path(self, rest: str) -> str:
        """A path below the workspace."""
        return f"/api/v1/workspaces/{self.workspace_id}{rest}"

    async def upload_deployment(
        self,
        archive: bytes,
        requirements: bytes = REQUIREMENTS,
        *,
        upload_id: str | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """Posts a deployment as the client does."""
        upload_id = upload_id or new_id()
        token = token or self.control.upload_token(self.organization_id, self.workspace_id, "deployment", upload_id)
        files = {
            "file": ("workspace.tar.gz", archive, "application/x-tar"),
            "requirements_file": ("requirements.json", requirements, "application/json"),
        }
        return await self.client.post(
            self.path(f"/deployments/{upload_id}/-upload"), files=files, headers={"authorization": f"Bearer {token}"}
        )

    async def upload_configuration(self, archive: bytes, *, upload_id: str | None = None) -> httpx.Response:
        """Posts a configuration as the client does."""
        upload_id = upload_id or new_id()
        token = self.control.upload_token(self.organization_id, self.workspace_id, "configuration", upload_id)
        return await self.client.post(
            self.path(f"/configurations/{upload_id}/-upload"),
            files={"file": ("configurations.tar.gz", archive, "application/x-tar")},
            headers={"authorization": f"Bearer {token}"},
        )

    def lease(self, **changes: Any) -> Lease:
        """A run of the workspace, as the control plane leases it."""
        fields: dict[str, Any] = {
            "run_id": new_id(), "fence": 1, "expires_at": datetime.now(UTC) + timedelta(seconds=30),
            "organization_id": self.organization_id, "workspace_id": self.workspace_id, "job_id": new_id(),
            "job_ref": "jobs.a", "number": 1, "definition": {}, "trigger": "manual:jobs.a", "profile": "prod",
            "deployment_id": new_id(), "configuration_id": new_id(), "refresh": False, "time_limit_seconds": 60,
            "grace_seconds": 10,
        }  # fmt: skip
        return Lease(**{**fields, **changes})

    async def tree_of(self, deployment_id: str, trees: CodeTrees | None = None) -> Path:
        """Where a deployment lies unpacked for runs; `trees` are the plane's, or those of its next start."""
        row = await find_version(self.plane.services.parts, uploads.DEPLOYMENTS, deployment_id)
        assert row is not None
        return await (trees or self.plane.services.code_trees).tree_of(row)

    async def resolve(self, profile: str) -> ResolvedVariables:
        """The variables of the workspace that a run on this profile gets."""
        services = self.plane.services
        async with services.parts.database.reading() as connection:
            winners = await services.variables.find_winners(connection, self.workspace_id, profile)
        return await services.variables.open_winners(self.organization_id, winners)

    def files_on_disk(self) -> Generator[Path]:
        """Every file in the plane's folder."""
        return (path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink())


@asynccontextmanager
async def running_data_plane(
    folder: Path, control: FakeControlPlane, *, grace_seconds: int = 5, **changes: Any
) -> AsyncGenerator[RunningDataPlane]:
    """Serves a data plane until the block ends; what is still asked then is cut off after the grace period.

    `changes` replace settings.
    """
    listener = listen_tcp("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings: dict[str, Any] = {
        "folder": folder,
        "dataplane_id": "eu1",
        "region": "Europe",
        "public_url": url,
        "control_plane_url": control.url,
        "database_url": f"sqlite+aiosqlite:///{folder / 'region.db'}",
        "version": "0",
        "join_token": JOIN_TOKEN,
    }
    try:
        plane = await open_data_plane(DataPlaneSettings(**{**settings, **changes}))
    except BaseException:
        listener.close()
        raise
    server = AppServer(
        plane.app, [listener], plane.stopping, grace_seconds=grace_seconds, most_message_bytes=plane.most_message_bytes
    )
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve)
            with anyio.fail_after(240):
                await server.wait_ready()
            try:
                async with httpx.AsyncClient(base_url=url, timeout=240, trust_env=False) as client:
                    with anyio.fail_after(240):
                        await plane.services.enrolment.wait()
                    yield RunningDataPlane(plane=plane, control=control, client=client, folder=folder)
            finally:
                server.stop()
                with anyio.CancelScope(shield=True):
                    await server.wait_stopped()
    finally:
        listener.close()
        await plane.aclose()
