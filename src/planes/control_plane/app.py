"""Composition root of the control plane: opens its database, builds its parts, routes and loops."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import anyio
from fastapi import APIRouter, FastAPI
from starlette.types import Lifespan

from planes.control_plane.api import (
    app_links,
    configurations,
    deploy,
    deployments,
    invite_pages,
    job_runs,
    jobs,
    link,
    link_enrol,
    me,
    organizations,
    own_api_keys,
    own_audit,
    own_backfills,
    own_changes,
    own_invites,
    own_jobs,
    own_organizations,
    own_platform,
    own_residency,
    own_rows,
    own_sessions,
    own_sign_ins,
    own_strictness,
    own_versions,
    pages,
    sessions,
    web_pages,
    web_visits,
    well_known,
    workspaces,
)
from planes.control_plane.loops.changes import run_changes
from planes.control_plane.loops.clock import run_clock
from planes.control_plane.loops.exchange import run_exchange
from planes.control_plane.loops.housekeeping import run_housekeeping
from planes.control_plane.loops.loading import run_loading
from planes.control_plane.loops.reaper import run_reaper
from planes.control_plane.services.identity.principals import Principals
from planes.control_plane.services.installation import data_planes
from planes.control_plane.services.installation.data_planes import NewDataPlane
from planes.control_plane.services.memory.challenges import Challenges
from planes.control_plane.services.memory.changes import Changes
from planes.control_plane.services.memory.lateness import Lateness
from planes.control_plane.services.memory.lease_time import LeaseTime
from planes.control_plane.services.memory.news import News
from planes.control_plane.services.memory.throttle import Throttle
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work.deploying import Deploys
from planes.control_plane.services.work.runs import is_run_live
from planes.domain.clock import Clock, SystemClock
from planes.domain.route_grants import CONTROL_PLANE_ROUTES
from planes.private_files import create_private
from planes.server.application import build_application
from planes.server.background import in_background
from planes.server.late_routes import add_routers
from planes.server.streams import Stopping
from planes.settings import ControlPlaneSettings
from planes.storage.control.deployments import release_every_deploy_lock
from planes.storage.database import Database
from planes.tokens.key_ring import KeyRing
from planes.tokens.opaque import derive_key

MIGRATIONS = "planes.storage.control.migrations"

Loop = Callable[[Parts], Coroutine[Any, Any, None]]

# Every resource has a router; every loop runs until the application stops.
_WORK_ROUTERS: Sequence[APIRouter] = (
    app_links.router,
    configurations.router,
    deploy.router,
    deployments.router,
    job_runs.own_router,
    job_runs.router,
    jobs.router,
    link.router,
    own_changes.router,
    own_jobs.router,
    own_backfills.router,
    own_versions.router,
    web_visits.router,
    web_pages.router,
)
_IDENTITY_ROUTERS: Sequence[APIRouter] = (
    link_enrol.router,
    me.router,
    organizations.router,
    own_api_keys.router,
    own_audit.router,
    own_invites.router,
    own_organizations.router,
    own_platform.router,
    own_residency.router,
    own_rows.router,
    own_strictness.router,
    own_sessions.router,
    own_sign_ins.router,
    invite_pages.router,
    pages.router,
    sessions.router,
    well_known.router,
    workspaces.router,
)
ROUTERS: Sequence[APIRouter] = (*_IDENTITY_ROUTERS, *_WORK_ROUTERS)
LOOPS: Sequence[Loop] = (run_changes, run_clock, run_exchange, run_housekeeping, run_reaper, run_loading)

_ALWAYS_OURS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """The application to serve. `stopping` ends its open answers; set it before the server stops."""

    app: FastAPI
    stopping: Stopping
    parts: Parts

    async def knows_data_plane(self, dataplane_id: str) -> bool:
        """Whether this data plane has enrolled here."""
        return await data_planes.has_enrolled(self.parts, dataplane_id)

    async def issue_join_token(self, dataplane_id: str, *, place: str) -> str:
        """A join token for a data plane that the same host starts."""
        new = NewDataPlane(dataplane_id=dataplane_id, place=place)
        return (await data_planes.issue_join_token(self.parts, new)).token

    async def close(self) -> None:
        """Closes the database: for an application that was never served, or after it was. May run twice."""
        await self.parts.database.close()


async def open_control_plane(settings: ControlPlaneSettings, clock: Clock | None = None) -> ControlPlane:
    """Opens (first: creates) the control plane of this folder. Served, it runs its loops and closes itself at the end.

    Raises: SchemaTooNew, InvalidToken when the key file is damaged.
    """
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    signing_keys = KeyRing(settings.folder)
    if not settings.owner_key_file.exists():
        create_private(settings.owner_key_file, secrets.token_hex(32).encode())
    database = await Database.open(settings.database_url, MIGRATIONS)
    parts = _build_parts(settings, database, signing_keys, clock or SystemClock())
    stopping = Stopping()
    database.on_broken = stopping.fail
    names = _ALWAYS_OURS | settings.host_names | {(urlsplit(settings.public_url).hostname or "").lower()}
    app = build_application(
        title="dlthub-tui control plane",
        version=settings.version,
        host_names=lambda: names,
        grants=CONTROL_PLANE_ROUTES,
        lifespan=_lifespan(parts, stopping),
    )
    app.state.parts = parts
    app.state.cursor_key = derive_key(signing_keys.root, "cursors")
    app.state.stopping = stopping
    app.state.principals = Principals(parts)
    app.state.deploys = Deploys(parts)
    add_routers(app, ROUTERS)
    return ControlPlane(app=app, stopping=stopping, parts=parts)


def _build_parts(settings: ControlPlaneSettings, database: Database, signing_keys: KeyRing, clock: Clock) -> Parts:
    news = News()
    changes = Changes(database, news)
    database.on_noted = changes.committed
    return Parts(
        database=database,
        clock=clock,
        signing_keys=signing_keys,
        secret_key=derive_key(signing_keys.root, "secrets of the control plane"),
        news=news,
        changes=changes,
        public_url=settings.public_url.rstrip("/"),
        is_insecure=settings.is_insecure,
        version=settings.version,
        started_at=clock.now(),
        owner_key_file=settings.owner_key_file,
        owner_uid=os.geteuid(),
        session_seconds=settings.session_seconds,
        refresh_seconds=settings.refresh_seconds,
        lease_seconds=settings.lease_seconds,
        lost_after_seconds=settings.lost_after_seconds,
        passwords=Throttle(clock, limit=10, window_seconds=300),
        codes=Throttle(clock, limit=5, window_seconds=300),
        starts=Throttle(clock, limit=60, window_seconds=60),
        links=Throttle(clock, limit=30, window_seconds=300),
        owners_invite=settings.owners_invite,
        challenges=Challenges(clock),
        lateness=Lateness(clock),
        lease_time=LeaseTime(clock),
        is_run_live=is_run_live,
    )


def _lifespan(parts: Parts, stopping: Stopping) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        try:
            if parts.database.dialect == "sqlite":  # its file has one control plane: who held a lock was killed
                async with parts.database.transaction() as connection:
                    await release_every_deploy_lock(connection)
            async with in_background([partial(loop, parts) for loop in LOOPS], stopping):
                yield
                stopping.stop()
                parts.news.tell_all()
        finally:
            with anyio.CancelScope(shield=True):
                await parts.database.close()

    return lifespan
