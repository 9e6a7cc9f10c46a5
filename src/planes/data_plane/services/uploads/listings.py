"""The list of files of a version, as it is stored beside its row and as the wire shows it (Contract: 1.7)."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence

from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.uploads.archive_manifest import FileFact
from planes.domain.errors import NotFound
from planes.storage.data import uploads
from planes.storage.types import Row
from planes.wire.files import ManifestFileResponse, ManifestFilesResponse

ENGINE_VERSION = 1
_ACTIONS = {
    uploads.DEPLOYMENTS: Action.DEPLOYMENT_FILES_LISTED,
    uploads.CONFIGURATIONS: Action.CONFIGURATION_FILES_LISTED,
}


class Listings:
    """Names, sizes and digests of what was uploaded; never contents."""

    def __init__(self, parts: Parts, audit: Audit) -> None:
        self._parts = parts
        self._audit = audit

    async def list_files(self, actor: Actor, kind: str, upload_id: str) -> ManifestFilesResponse:
        """The files of one version of the actor's workspace.

        Raises: NotFound.
        """
        row = await find_version(self._parts, kind, upload_id)
        if row is None or row["workspace_id"] != actor.workspace_id:
            raise NotFound("not_found", "There is no such version in this workspace.")
        await self._audit.note(actor, _ACTIONS[kind], upload_id)
        files = [
            ManifestFileResponse(
                relative_path=fact.path,
                size_bytes=fact.size,
                sha3_256=base64.b64encode(fact.sha3_256).decode(),
                linkname=fact.target,
            )
            for fact in parse_listing(row["listing"])
        ]
        return ManifestFilesResponse(engine_version=ENGINE_VERSION, files=files)


async def find_version(parts: Parts, kind: str, upload_id: str) -> Row | None:
    """The row of an upload that is a version; None while it is not, or not any more."""
    async with parts.database.reading() as connection:
        row = await uploads.find(connection, kind, upload_id)
    return row if row is not None and row["stored_at"] is not None else None


def render_listing(facts: Sequence[FileFact]) -> bytes:
    """Compressed, for the database."""
    rows = [[fact.path, fact.size, base64.b64encode(fact.sha3_256).decode(), fact.target] for fact in facts]
    return zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode())


def parse_listing(listing: bytes) -> list[FileFact]:
    """The inverse of `render_listing`."""
    rows = json.loads(zlib.decompress(listing))
    return [FileFact(path, size, base64.b64decode(digest), target) for path, size, digest, target in rows]
