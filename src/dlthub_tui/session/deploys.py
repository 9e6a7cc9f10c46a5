"""One deploy: pack a folder, ask what would change, send it straight to its region, reconcile.

Each step reports; ending it at any point leaves the workspace as it was, but for archives already sent, which are
versions that nothing runs.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from anyio import to_thread

from dlthub_tui.client import uploads
from dlthub_tui.client.deployments import (
    Definitions,
    DeployReceipt,
    Kind,
    deploy,
    find_latest_configuration,
    find_latest_deployment,
    issue_upload,
)
from dlthub_tui.client.errors import ClientError, NotFound, NotReachable, TimedOut
from dlthub_tui.client.members import find_emails
from dlthub_tui.client.models import Configuration, Deployment
from dlthub_tui.client.packing import PackedWorkspace, PackingOptions, pack
from dlthub_tui.client.regions import HasRegion
from dlthub_tui.client.versions import VersionFile, list_files
from dlthub_tui.session.connection import Connection
from dlthub_tui.session.held_folders import make_held, remove_left

# What is packed lies in folders of this name; what a killed process left there goes with the next deploy.
_PREFIX = "dlthub-tui-deploy-"

Report = Callable[["StepReport"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """How far a step is. `state` is running, completed or skipped; bytes are 0 where none are sent."""

    step: str
    state: str
    detail: str = ""
    sent_bytes: int = 0
    total_bytes: int = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a deploy of the packed folder would change. `latest` is None for a first deploy.

    `latest_by` is the address of who sent `latest`, where that is known.
    `deployed_files` are those of `latest`, where they are wanted: None when code is the same, or its region is silent.
    """

    folder: Path
    packed: PackedWorkspace
    latest: Deployment | None
    latest_configuration: Configuration | None
    receipt: DeployReceipt
    latest_by: str = ""
    deployed_files: tuple[VersionFile, ...] | None = None

    @property
    def has_new_code(self) -> bool:
        """Whether code must be sent."""
        return self.latest is None or self.latest.content_hash != self.packed.code.content_hash

    @property
    def has_new_configuration(self) -> bool:
        """Whether configuration must be sent."""
        latest = self.latest_configuration
        return latest is None or latest.content_hash != self.packed.configuration.content_hash


class Deploy:
    """A deploy of one folder to one workspace. Close it: the packed configuration holds secrets."""

    def __init__(self, connection: Connection, workspace: HasRegion, cache: Path) -> None:
        self._connection = connection
        self._workspace = workspace
        self._cache = cache
        self._folder: tuple[Path, int] | None = None

    async def prepare(self, folder: Path, report: Report) -> Difference:
        """Packs and asks what would change. Raises: PackingFailed, Refused; nothing was sent."""
        self.close()
        await to_thread.run_sync(remove_left, _PREFIX)
        self._folder = make_held(_PREFIX)
        begun = time.monotonic()
        options = PackingOptions(cache=self._cache)
        packed = await pack(
            folder,
            self._folder[0],
            options,
            lambda step, text: report(StepReport(step=step, state="running", detail=text)),
        )
        seconds = time.monotonic() - begun
        detail = f"{len(packed.code.files)} files"
        report(StepReport(step="Pack", state="completed", detail=detail, seconds=seconds))
        plane, workspace_id = self._connection.control, self._workspace.id
        receipt = await deploy(plane, workspace_id, definitions(packed), dry_run=True)
        difference = Difference(
            folder=folder,
            packed=packed,
            latest=await find_latest_deployment(plane, workspace_id),
            latest_configuration=await find_latest_configuration(plane, workspace_id),
            receipt=receipt,
        )
        if difference.latest is not None:
            emails = await find_emails(plane, workspace_id)
            difference = replace(difference, latest_by=emails.get(difference.latest.created_by, ""))
        if difference.latest is None or not difference.has_new_code:
            return difference
        return replace(difference, deployed_files=await self._files_of(difference.latest))

    async def _files_of(self, deployment: Deployment) -> tuple[VersionFile, ...] | None:
        try:
            region = await self._connection.region(self._workspace)
            return await list_files(region, self._workspace.id, deployment.id)
        except (NotReachable, TimedOut, NotFound):
            return None

    async def send(self, difference: Difference, report: Report) -> DeployReceipt:
        """Sends what is new and reconciles. Raises: a ClientError; the jobs are as they were."""
        packed, sending = difference.packed, _Sending(self._connection, self._workspace, report)
        if difference.has_new_code:
            parts = uploads.code_parts(packed.code.path, packed.requirements)
            await sending.upload("deployments", "Code", parts, packed.code.content_hash)
        else:
            report(StepReport(step="Code", state="skipped", detail="unchanged, not sent"))
        if difference.has_new_configuration:
            parts = uploads.configuration_parts(packed.configuration.path)
            await sending.upload("configurations", "Configuration", parts, packed.configuration.content_hash)
        else:
            report(StepReport(step="Configuration", state="skipped", detail="unchanged, not sent"))
        if not sending.count:
            for step in ("Permit", "Check"):
                report(StepReport(step=step, state="skipped", detail="nothing is sent"))
        begun = time.monotonic()
        report(StepReport(step="Reconcile", state="running"))
        receipt = await deploy(self._connection.control, self._workspace.id, definitions(packed), dry_run=False)
        detail = f"{len(packed.jobs)} jobs"
        report(StepReport(step="Reconcile", state="completed", detail=detail, seconds=time.monotonic() - begun))
        with suppress(ClientError):  # it is done, whatever is said of it
            latest = await find_latest_deployment(self._connection.control, self._workspace.id)
            receipt = replace(receipt, version=latest.version if latest else None)
        return receipt

    def close(self) -> None:
        """Removes what was packed. May be called twice."""
        if self._folder is not None:
            folder, held = self._folder
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)
            self._folder = None


class _Sending:
    """The uploads of one deploy: a permit of the control plane for each, then straight to the region, which checks."""

    def __init__(self, connection: Connection, workspace: HasRegion, report: Report) -> None:
        self._connection, self._workspace, self._report = connection, workspace, report
        self.count = 0
        self._seconds = {"Permit": 0.0, "Check": 0.0}

    async def upload(self, kind: Kind, step: str, parts: tuple[uploads.Part, ...], content_hash: str) -> None:
        """Sends one archive. Raises: a ClientError, also where the region stored something else than was sent."""
        self.count += 1
        begun = self._begin("Permit")
        permit = await issue_upload(self._connection.control, self._workspace.id, kind)
        await self._connection.regions.recognise(self._workspace, permit.url)
        many = "one upload" if self.count == 1 else f"{self.count} uploads"
        self._end("Permit", begun, f"by control, {many}, 10 min")
        begun, sent_at = time.monotonic(), 0.0

        def progress(sent: int, total: int) -> None:
            nonlocal sent_at
            if sent == total:
                sent_at = self._begin("Check")
            seconds = sent_at - begun if sent == total else None
            state = "completed" if sent == total else "running"
            self._report(StepReport(step=step, state=state, sent_bytes=sent, total_bytes=total, seconds=seconds))

        self._report(StepReport(step=step, state="running"))
        stored = await uploads.send(permit, parts, progress)
        if stored != content_hash:
            raise NotAsSent(step)
        self._end("Check", sent_at, "digests match, archive safe")

    def _begin(self, step: str) -> float:
        self._report(StepReport(step=step, state="running"))
        return time.monotonic()

    def _end(self, step: str, begun: float, detail: str) -> None:
        self._seconds[step] += time.monotonic() - begun
        self._report(StepReport(step=step, state="completed", detail=detail, seconds=self._seconds[step]))


class NotAsSent(ClientError):
    """The region stored other content than was sent."""

    def __init__(self, step: str) -> None:
        super().__init__(f"{step}: what the region stored is not what was sent.", "Nothing runs it.")


class CameAfter(ClientError):
    """Another deploy did, since what is to be taken back."""

    def __init__(self, version: int) -> None:
        super().__init__(f"Deployment {version} came after: the archived jobs are not in its code.", "Nothing changed.")


def definitions(packed: PackedWorkspace) -> Definitions:
    """What the control plane is told: these words and no others."""
    return Definitions(
        engine_version=packed.engine_version,
        manifest_hash=packed.job_definition_hash,
        jobs=packed.jobs,
        module=packed.deployment_module,
        description=packed.description,
    )
