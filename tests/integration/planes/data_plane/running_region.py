"""A real data plane that runs jobs, at a control plane for tests that leases them."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.fakes.archives import pack
from tests.fakes.data_plane import RunningDataPlane, running_data_plane
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import definition, open_folder, requirements, write_launchers

from planes.settings import BuilderSettings
from planes.wire.link import Lease

PROFILE_TOML = b'[workspace]\nshown = "yes"\n'


@dataclass(kw_only=True)
class RunningRegion:
    """The region and what was deployed to it."""

    region: RunningDataPlane
    control: LeasingControlPlane
    deployments: dict[str, str] = field(default_factory=dict)

    async def deploy(self, files: Mapping[str, bytes], wanted: bytes | None = None) -> str:
        """A new deployment's id."""
        answer = await self.region.upload_deployment(pack(files), wanted or requirements("dlt"))
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    async def configure(self, files: Mapping[str, bytes] | None = None) -> str:
        """A new configuration's id."""
        answer = await self.region.upload_configuration(pack(files or {"prod.config.toml": PROFILE_TOML}))
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    async def lease(self, code: str, **values: Any) -> Lease:
        """Leases a run of a module `job` with this code."""
        deployment = values.pop("deployment_id", None) or await self.deploy({"job.py": code.encode()})
        configuration = values.pop("configuration_id", None) or await self.configure()
        job = values.pop("definition", None) or definition("job")
        return self.control.lease(
            organization_id=self.region.organization_id,
            workspace_id=self.region.workspace_id,
            deployment_id=deployment,
            configuration_id=configuration,
            definition=job,
            **{"job_ref": job["job_ref"], **values},
        )

    async def run(self, code: str, **values: Any) -> tuple[Lease, str]:
        """Runs it to its end: the lease and the outcome."""
        lease = await self.lease(code, **values)
        return lease, await self.control.wait_end(lease)

    async def set_variables(self, *, profile: str | None = None, secret: bool = False, **values: str) -> None:
        """Sets variables of the workspace."""
        kind = "secret" if secret else "plain"
        upserts = [{"name": name, "type": kind, "value": value} for name, value in values.items()]
        answer = await self.region.client.patch(
            self.region.path("/variables"), json={"profile": profile, "upserts": upserts}, headers=self.region.headers()
        )
        assert answer.status_code == 200, answer.text

    async def kept_of(self, lease: Lease) -> list[str]:
        """What an ended run's folder holds when the job's own files are removed."""
        folder = self.run_folder(lease)
        await until(lambda: not (folder / "work.left").exists())
        return sorted(path.name for path in folder.iterdir())

    def log_path(self, lease: Lease, rest: str = "logs") -> str:
        """The address of a run's log."""
        return f"/logs/v1/workspaces/{self.region.workspace_id}/job-runs/{lease.run_id}/{rest}"

    async def lines(self, lease: Lease, source: str | None = "user") -> list[str]:
        """The contents of the stored log's lines of one source (None: of all)."""
        answer = await self.region.client.get(self.log_path(lease), headers=self.region.headers(role="owner"))
        assert answer.status_code == 200, answer.text
        parsed = [json.loads(line) for line in answer.text.splitlines()]
        assert [line["line_num"] for line in parsed] == list(range(len(parsed)))
        return [line["content"] for line in parsed if source in {None, line["source"]}]

    def run_folder(self, lease: Lease) -> Path:
        """The run's folder."""
        workspace = self.region.folder / "orgs" / lease.organization_id / "workspaces" / lease.workspace_id
        return workspace / "runs" / lease.run_id


@asynccontextmanager
async def running_region(
    folder: Path, control: LeasingControlPlane, known: RunningDataPlane | None = None, **changes: Any
) -> AsyncGenerator[RunningRegion]:
    """Serves a region whose environments come from wheels beside it; with `known` it is that one, started again."""
    from planes.settings import BuilderSettings

    wheels = folder.parent / "wheels"
    if not wheels.exists():
        wheels.mkdir()
        write_launchers(wheels)
    builder = BuilderSettings(environment={"UV_FIND_LINKS": str(wheels), "UV_OFFLINE": "1"})
    async with running_data_plane(folder, control, **{"builder": builder, **changes}) as region:
        if known is not None:
            region.organization_id, region.workspace_id = known.organization_id, known.workspace_id
        yield RunningRegion(region=region, control=control)


async def until(condition: Any, seconds: float = 240) -> None:
    """Waits for a condition that nothing announces."""
    with anyio.fail_after(seconds):
        while not condition():
            await anyio.sleep(0.01)


@asynccontextmanager
async def region_with_index() -> AsyncGenerator[RunningRegion]:
    """A region eu1 whose environments come from the package index, by this machine's settings for it."""
    passed = {
        name: value for name, value in os.environ.items() if name.startswith(("UV_", "SSL_")) or "PROXY" in name.upper()
    }
    with open_folder("region-") as folder:
        async with (
            LeasingControlPlane().serving() as control,
            running_region(folder / "eu1", control, builder=BuilderSettings(environment=passed)) as running,
        ):
            yield running
