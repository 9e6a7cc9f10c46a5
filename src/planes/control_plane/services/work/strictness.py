"""Strict workspaces: what is withheld from stored job definitions, and withholding what is stored (Security: 2)."""

from __future__ import annotations

from planes.control_plane.services import audit
from planes.control_plane.services.access import authorize_workspace
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import windows
from planes.control_plane.services.work.triggers import hold_work
from planes.domain.access import Permission, Principal
from planes.domain.identifiers import WorkspaceId, is_uuid
from planes.manifest.withholding import withhold_stored
from planes.storage.control import jobs as stored_jobs
from planes.storage.control.connection import Connection
from planes.storage.control.workspaces import change_workspace


async def is_strict(parts: Parts, principal: Principal, workspace_id: str) -> bool:
    """Whether the workspace withholds. Raises: NotFound."""
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
    return access.workspace.is_strict


async def change_strictness(parts: Parts, principal: Principal, workspace_id: str, *, is_strict: bool) -> bool:
    """Sets it. A workspace that becomes strict has the words of every stored version withheld, too, at once.

    One that stops to be strict has its words here again with its next deploys. May run twice.

    Raises: NotFound, NotAllowed, Conflict when the workspace is archived.
    """
    await windows.prepare()
    async with parts.database.transaction() as connection:
        if is_uuid(workspace_id):
            await hold_work(parts, connection, WorkspaceId(workspace_id.lower()))
        access = await authorize_workspace(connection, principal, workspace_id, Permission.MANAGE_WORKSPACE)
        if access.workspace.is_strict == is_strict:
            return is_strict
        now = parts.clock.now()
        await change_workspace(connection, access.workspace_id, {"is_strict": is_strict}, now)
        rewritten = await _withhold(connection, access.workspace_id) if is_strict else 0
        event = Record(
            action="strictness_changed",
            subject=access.workspace_id,
            organization_id=access.organization_id,
            facts={"is_strict": is_strict, "rewritten_job_versions": rewritten},
        )
        await audit.record(connection, Actor.of(principal), now, event)
    return is_strict


async def _withhold(connection: Connection, workspace_id: WorkspaceId) -> int:
    """How many versions held words that are withheld now."""
    versions = await stored_jobs.versions_of_workspace(connection, workspace_id)
    kept = await windows.in_thread(lambda: [withhold_stored(version.definition) for version in versions])
    changed = 0
    for version, (definition, definition_hash) in zip(versions, kept, strict=True):
        if definition != version.definition:
            await stored_jobs.rewrite_version(connection, version.id, definition, definition_hash)
            changed += 1
    return changed
