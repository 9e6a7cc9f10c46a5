"""Own routes of the platform: users, data planes, health, audit. All but health are for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query

from planes.control_plane.api.authentication import CurrentHuman, CurrentParts, CurrentSession
from planes.control_plane.api.own_audit import render_audit_event
from planes.control_plane.services.identity import signing_keys, users
from planes.control_plane.services.identity.users import NewUser
from planes.control_plane.services.installation import audit_reading, data_planes, overview
from planes.control_plane.services.installation.data_planes import NewDataPlane
from planes.control_plane.services.installation.overview import Region
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import draining
from planes.server.late_routes import LateRouter
from planes.server.paging import Page, PageQuery, envelope
from planes.storage.control.data_planes import DataPlane
from planes.storage.control.identity import User
from planes.storage.control.overview import HeldRun
from planes.tokens.keys import PublicKey
from planes.wire.own_control import (
    AddDataPlaneRequest,
    AddUserRequest,
    AuditEventList,
    HealthResponse,
    HeldRunResponse,
    JoinTokenResponse,
    PlaneHealthResponse,
    RegionStatusResponse,
    RotateSigningKeyRequest,
    SchedulerHealth,
    SigningKeyResponse,
    StatusResponse,
    UpkeepResponse,
    UserResponse,
)
from planes.wire.pages import ListPage

router = LateRouter(prefix="/own/v1", tags=["own: platform"])
PlanePath = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]*$")]


@router.get("/health")
async def get_health(parts: CurrentParts, _principal: CurrentHuman) -> HealthResponse:
    planes = await data_planes.list_all(parts)
    return HealthResponse(
        version=parts.version,
        now=parts.clock.now(),
        is_insecure=parts.is_insecure or any(data_planes.is_insecure(plane) for plane in planes),
        grace_seconds=round(parts.lost_after_seconds),
        scheduler=SchedulerHealth(
            late_seconds=parts.lateness.latest_seconds, worst_late_seconds=parts.lateness.worst_seconds
        ),
        data_planes=[_render_health(parts, plane) for plane in planes],
    )


@router.get("/status")
async def get_status(parts: CurrentParts, principal: CurrentSession) -> StatusResponse:
    found = await overview.read(parts, principal)
    return StatusResponse(
        now=found.now,
        started_at=parts.started_at,
        database=found.database,
        database_bytes=found.database_bytes,
        database_answer_seconds=found.answer_seconds,
        disk_total_bytes=found.disk_total_bytes,
        disk_free_bytes=found.disk_free_bytes,
        signing_key_at=found.signing_key_at,
        sessions=found.counts.sessions,
        pending_count=found.counts.pending,
        held_count=found.counts.held,
        next_due_at=found.next_due_at,
        due_count=found.counts.due,
        held=[_render_held(run, found.now) for run in found.held],
        regions=[_render_region(region) for region in found.regions],
    )


@router.get("/users", response_model=ListPage[UserResponse])
async def list_users(
    parts: CurrentParts, principal: CurrentSession, page: Annotated[Page, Depends(PageQuery())]
) -> dict[str, Any]:
    found = await users.list_users(parts, principal, page)
    return envelope([_render_user(user) for user in found.items], page, found)


@router.post("/users")
async def add_user(parts: CurrentParts, principal: CurrentSession, body: AddUserRequest) -> UserResponse:
    new = NewUser(email=body.email, name=body.name, password=body.password, is_administrator=body.is_administrator)
    added = await users.add_user(parts, principal, new)
    return _render_user(added.user, added.sign_up_url)


@router.post("/users/{user_id}/-issue-link")
async def issue_link(parts: CurrentParts, principal: CurrentSession, user_id: str) -> UserResponse:
    issued = await users.issue_link(parts, principal, user_id)
    return _render_user(issued.user, issued.sign_up_url)


@router.post("/data-planes")
async def add_data_plane(
    parts: CurrentParts, principal: CurrentSession, body: AddDataPlaneRequest
) -> JoinTokenResponse:
    new = NewDataPlane(dataplane_id=body.dataplane_id, place=body.place, name=body.name, description=body.description)
    issued = await data_planes.add_data_plane(parts, principal, new)
    return JoinTokenResponse(dataplane_id=issued.dataplane_id, join_token=issued.token, expires_at=issued.expires_at)


@router.post("/data-planes/{dataplane_id}/-drain")
async def drain(parts: CurrentParts, principal: CurrentSession, dataplane_id: PlanePath) -> UpkeepResponse:
    return _render_upkeep(await draining.drain(parts, principal, dataplane_id))


@router.post("/data-planes/{dataplane_id}/-resume")
async def resume(parts: CurrentParts, principal: CurrentSession, dataplane_id: PlanePath) -> UpkeepResponse:
    return _render_upkeep(await draining.resume(parts, principal, dataplane_id))


@router.post("/data-planes/{dataplane_id}/-clean")
async def clean(parts: CurrentParts, principal: CurrentSession, dataplane_id: PlanePath) -> UpkeepResponse:
    return _render_upkeep(await draining.clean(parts, principal, dataplane_id))


@router.post("/signing-keys/-rotate")
async def rotate_signing_key(
    parts: CurrentParts, principal: CurrentSession, body: RotateSigningKeyRequest
) -> SigningKeyResponse:
    rotated = await signing_keys.rotate(parts, principal, at_once=body.at_once)
    return SigningKeyResponse(kid=rotated.key.kid, fingerprint=rotated.key.fingerprint, signs_from=rotated.signs_from)


@router.get("/audit-events")
async def list_audit_events(
    parts: CurrentParts,
    principal: CurrentSession,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AuditEventList:
    found = await audit_reading.list_events(parts, principal, after, limit)
    items = [render_audit_event(stored) for stored in found.events]
    return AuditEventList(
        items=items, is_intact=found.is_intact, next_after=items[-1].sequence if len(items) == limit else None
    )


def _render_held(run: HeldRun, now: datetime) -> HeldRunResponse:
    left_seconds = None
    if run.expires_at is not None and run.unreachable_since is None:
        left_seconds = max(0.0, (run.expires_at - now).total_seconds())
    return HeldRunResponse(
        run_id=run.id,
        run_number=run.number,
        job_ref=run.job_ref,
        workspace_id=run.workspace_id,
        workspace_name=run.workspace_name,
        dataplane_id=run.dataplane_id,
        status=run.status,
        fence=run.fence,
        left_seconds=left_seconds,
    )


def _render_region(region: Region) -> RegionStatusResponse:
    return RegionStatusResponse(
        dataplane_id=region.id,
        polled_at=region.polled_at,
        organizations=region.organizations,
        numbers=region.heard.numbers if region.heard is not None else None,
        is_doubled=region.is_doubled,
    )


def _render_upkeep(plane: DataPlane) -> UpkeepResponse:
    return UpkeepResponse(dataplane_id=plane.id, drained_at=plane.drained_at, clean_before=plane.clean_before)


def _render_user(user: User, sign_up_url: str | None = None) -> UserResponse:
    return UserResponse(
        user_id=user.id,
        email=user.email,
        name=user.name,
        is_administrator=user.is_administrator,
        is_vouched=user.is_vouched,
        has_password=user.password_hash is not None,
        created_at=user.created_at,
        sign_up_url=sign_up_url,
    )


def _render_health(parts: Parts, plane: DataPlane) -> PlaneHealthResponse:
    return PlaneHealthResponse(
        dataplane_id=plane.id,
        name=plane.name,
        place=plane.region,
        url=plane.url,
        fingerprint=PublicKey.parse(plane.public_key).fingerprint if plane.public_key else None,
        enrolled_at=plane.enrolled_at,
        last_seen_at=plane.last_seen_at,
        is_reachable=data_planes.is_reachable(parts, plane),
        drained_at=plane.drained_at,
    )
