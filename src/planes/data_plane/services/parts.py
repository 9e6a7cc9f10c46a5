"""What every service of a data plane is built from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from planes.data_plane.link import Link
from planes.data_plane.services.identity import Identity
from planes.domain.clock import Clock
from planes.storage.blobs import Blobs
from planes.storage.database import Database
from planes.storage.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The opened parts of one data plane.

    `folder` is the plane's own (0700): `orgs/`, `blobs/` and `incoming/` lie below it. `upload_limit_bytes` bounds an
    archive, `unpacked_limit_bytes` what comes out of it.
    """

    database: Database
    clock: Clock
    blobs: Blobs
    vault: Vault
    link: Link
    identity: Identity
    dataplane_id: str
    region: str
    public_url: str
    control_plane_url: str
    folder: Path
    upload_limit_bytes: int
    unpacked_limit_bytes: int

    @property
    def incoming_folder(self) -> Path:
        """Where uploads and downloads are written before they have a place; emptied at start."""
        return self.folder / "incoming"

    def organization_folder(self, organization_id: str) -> Path:
        """Everything on disk that belongs to one organization."""
        return self.folder / "orgs" / organization_id

    def workspace_folder(self, organization_id: str, workspace_id: str) -> Path:
        """Environments, caches and runs of one workspace (Borders: 4)."""
        return self.organization_folder(organization_id) / "workspaces" / workspace_id
