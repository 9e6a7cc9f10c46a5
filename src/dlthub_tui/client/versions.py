"""The history of a workspace's code: what each version was deployed as, its files, rolling back to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.deployments import DeployReceipt, parse_receipt
from dlthub_tui.client.models import Deployment, parse_deployment
from dlthub_tui.client.paging import Page, get_page
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A deployment in the history. `job_count` is None for one that was uploaded and never deployed."""

    deployment: Deployment
    is_latest: bool
    job_count: int | None
    retired_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFile:
    """One file of a version, by its digest; a link has where it leads to. Never its contents."""

    path: str
    size_bytes: int
    digest: str
    link: str | None


async def list_versions(control: Transport, workspace_id: str) -> Page[Version]:
    """Newest first."""
    return await get_page(control, f"/own/v1/workspaces/{workspace_id}/versions", _parse_version)


async def roll_back(control: Transport, workspace_id: str, deployment_id: str, *, dry_run: bool) -> DeployReceipt:
    """Makes a version the latest, with its jobs. Raises: Conflict when its jobs or its archive are not known."""
    body = {"deployment_id": deployment_id, "dry_run": dry_run}
    return parse_receipt(await control.post(f"/own/v1/workspaces/{workspace_id}/-roll-back", body))


async def list_files(region: Transport, workspace_id: str, deployment_id: str) -> tuple[VersionFile, ...]:
    """The files of a version, from its region. Contract: 1.5 (48)."""
    raw = await region.get(f"/api/v1/workspaces/{workspace_id}/deployments/{deployment_id}/files")
    return Fields(raw, "files of a version").many("files", _parse_file)


def _parse_version(raw: Any) -> Version:
    fields = Fields(raw, "version")
    deploy = fields.maybe_within("deploy")
    return Version(
        deployment=parse_deployment(raw),
        is_latest=fields.flag("is_latest"),
        job_count=deploy.number("job_count") if deploy else None,
        retired_at=fields.maybe_moment("retired_at"),
    )


def _parse_file(raw: Any) -> VersionFile:
    fields = Fields(raw, "file of a version")
    return VersionFile(
        path=fields.text("relative_path"),
        size_bytes=fields.number("size_bytes"),
        digest=fields.text("sha3_256"),
        link=fields.maybe_text("linkname"),
    )
