"""What opens interactive runs from a browser: swap codes that a region redeems, and secret addresses of jobs.

The control plane says who somebody is and which job an address means; the app itself is met in the region.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from planes.control_plane.services import audit, revocations
from planes.control_plane.services.access import WorkspaceAccess, authorize_workspace
from planes.control_plane.services.audit import Actor, Record
from planes.control_plane.services.identity.tokens import mint_dataplane
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work.starting import create_run
from planes.domain.access import Permission, Principal, PrincipalKind
from planes.domain.errors import NotAuthenticated, NotFound, PlaneError
from planes.domain.identifiers import DataPlaneId, SessionId, UserId, is_uuid
from planes.storage.control import identity
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import sessions as stored_sessions
from planes.storage.control.connection import Connection
from planes.storage.control.workspaces import Workspace, find_workspace
from planes.tokens.opaque import hash_secret
from planes.wire.link import RevokedClaim, SwapCodeRequest
from planes.wire.runs import CreateJobRunRequest

_log = structlog.get_logger("planes.control_plane.app_links")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedJob:
    """A job with a secret address. `epoch` as `current_epoch`."""

    workspace: Workspace
    job_id: str
    epoch: int


async def redeem_swap_code(parts: Parts, dataplane_id: DataPlaneId, request: SwapCodeRequest) -> str:
    """A data-plane token for the holder of a code, who wants to see an app of this plane. The code is spent.

    An app that does not run is started: `dlthub dashboard` only opens its address.
    Raises: NotAuthenticated, NotFound, NotAllowed.
    """
    code, workspace_id = request.code, request.workspace_id
    now = parts.clock.now()
    async with parts.database.transaction() as connection:
        session_id = await stored_sessions.spend_swap_code(connection, hash_secret(code), now)
    async with parts.database.transaction() as connection:
        session = await stored_sessions.find_session(connection, session_id) if session_id else None
        user = await identity.find_user(connection, session.user_id) if session else None
        if session is None or user is None or session.revoked_at is not None:
            raise NotAuthenticated("swap_code_refused", "This link was used before, or is too old.")
        epoch = await revocations.current_epoch(connection)
        principal = Principal(
            kind=PrincipalKind.SESSION, user_id=UserId(user.id), email=user.email, session_id=SessionId(session.id)
        )
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        if access.dataplane_id != dataplane_id:
            raise NotFound("workspace_not_found", "There is no such workspace here.")
        actor = Actor(user_id=user.id, session_id=session.id)
        event = Record(
            action="swap_code_redeemed",
            subject=access.workspace_id,
            organization_id=access.organization_id,
            facts={"dataplane_id": str(dataplane_id)},
        )
        await audit.record(connection, actor, now, event)
    if request.job_id is not None:
        await _start(parts, principal, access, request.job_id)
    return mint_dataplane(parts, principal, access, epoch).token


async def _start(parts: Parts, principal: Principal, access: WorkspaceAccess, job_id: str) -> None:
    """What keeps it from starting is said where it is opened: that it does not run."""
    async with parts.database.reading() as connection:
        found = await stored_jobs.find_job(connection, access.workspace_id, job_id)
    if found is None or found.job.job_type != "interactive":
        return
    wanted = CreateJobRunRequest(job_id=job_id, trigger="http:", mode="when_not_running")
    try:
        await create_run(parts, principal, access.workspace_id, wanted)
    except PlaneError as exc:
        _log.info("app_not_started", job_id=job_id, code=exc.code)


async def find_public_link(parts: Parts, dataplane_id: DataPlaneId, secret: str) -> PublishedJob:
    """The job that a secret address means, for the plane that runs it. Raises: NotFound."""
    found = await find_published(parts, secret)
    if found.workspace.dataplane_id != dataplane_id:
        raise no_such_link()
    return found


async def find_published(parts: Parts, secret: str) -> PublishedJob:
    """The same for anybody. Raises: NotFound."""
    if not is_uuid(secret):
        raise no_such_link()
    async with parts.database.reading() as connection:
        epoch = await revocations.current_epoch(connection)
        job = await stored_jobs.find_published_job(connection, secret)
        workspace = await find_workspace(connection, job.workspace_id) if job else None
    if job is None or workspace is None or workspace.archived_at is not None:
        raise no_such_link()
    return PublishedJob(workspace=workspace, job_id=job.id, epoch=epoch)


async def end_public_link(connection: Connection, parts: Parts, secret: str | None) -> None:
    """What was opened by an address ends with it; nothing for None. After the commit, `news.tell_all()` carries it."""
    if secret is not None:
        await revocations.revoke(connection, RevokedClaim.PUBLIC_LINK, hash_secret(secret), parts.clock.now())


async def find_dataplane_url(parts: Parts, workspace_id: str) -> str:
    """Where a workspace's apps are met. Raises: NotFound."""
    async with parts.database.reading() as connection:
        workspace = await find_workspace(connection, workspace_id) if is_uuid(workspace_id) else None
    if workspace is None:
        raise NotFound("workspace_not_found", "There is no such app.")
    return workspace.dataplane_url


def no_such_link() -> NotFound:
    """One answer for an address that never was, and for one that ended."""
    return NotFound("public_link_not_found", "There is nothing at this address any more.")
