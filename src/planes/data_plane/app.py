"""Composition root of one data plane."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import anyio
from anyio import to_thread
from fastapi import APIRouter, FastAPI

from planes.data_plane.api import (
    beacon,
    files,
    logs,
    own_alerts,
    own_audit,
    own_environments,
    own_leaks,
    own_lines,
    own_residency,
    own_search,
    own_webhooks,
    telemetry,
    uploads,
    variables,
    well_known,
)
from planes.data_plane.api.gateway import routes as gateway_routes
from planes.data_plane.api.gateway.hosts import AppHosts
from planes.data_plane.api.gateway.idling import Idling
from planes.data_plane.api.gateway.origin import Gateway, GatewayDoor
from planes.data_plane.api.gateway.proxying import AppTransports
from planes.data_plane.api.gateway.sockets import MOST_MESSAGE_BYTES
from planes.data_plane.api.web import pipeline_pages, run_page
from planes.data_plane.delivery import AllowedDestinations
from planes.data_plane.executor.confinement import Openings
from planes.data_plane.executor.environments import BuilderOptions
from planes.data_plane.executor.standing import remove_berths
from planes.data_plane.link import Link, LinkAddress
from planes.data_plane.logs import Followers, Searches
from planes.data_plane.services.alerts.alert_delivery import DeliverySettings
from planes.data_plane.services.assembly import Services, assemble
from planes.data_plane.services.identity import Identity
from planes.data_plane.services.identity_keys import IdentityKeys
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.reporting.measuring import Measuring
from planes.data_plane.services.running import Running, assemble_running
from planes.data_plane.services.runs.preparing import RunSettings
from planes.data_plane.services.uploads.code_trees import remove_unfinished
from planes.data_plane.worker import Worker
from planes.domain.clock import Clock, SystemClock
from planes.domain.errors import Conflict
from planes.domain.route_grants import DATA_PLANE_ROUTES
from planes.server.application import build_application
from planes.server.background import in_background
from planes.server.late_routes import add_routers
from planes.server.middleware import SmallIds
from planes.server.streams import Stopping
from planes.settings import DataPlaneSettings
from planes.storage.blobs import Blobs
from planes.storage.database import Database
from planes.storage.errors import StorageError
from planes.storage.master_keys import GivenMasterKey, MasterKey, MasterKeyFile
from planes.storage.vault import Vault, count_unopened, finish_rotation
from planes.tokens.opaque import derive_key

_MIGRATIONS = "planes.storage.data.migrations"
_CLOSE_SECONDS = 10

# Every router of the plane. A new one is added here and nowhere else.
ROUTERS: tuple[APIRouter, ...] = (
    well_known.router,
    uploads.router,
    files.router,
    variables.router,
    logs.router,
    own_lines.router,
    own_leaks.router,
    own_audit.router,
    own_environments.router,
    own_residency.router,
    own_alerts.router,
    own_search.router,
    own_webhooks.router,
    telemetry.router,
    beacon.router,
    run_page.router,
    pipeline_pages.router,
    gateway_routes.router,
)


def background_loops(
    services: Services, worker: Worker, measuring: Measuring, running: Running, idling: Idling
) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
    """What runs beside the routes, each in the plane's task group until it stops. A new loop is added here."""
    return (
        services.enrolment.run,
        worker.run,
        running.runs.consolidation.run,
        running.executor.stand_by.run,
        services.examining.run,
        services.rescrubbing.run,
        services.leftovers.run,
        services.housekeeping.run,
        services.alert_delivery.run,
        services.webhook_calls.run,
        idling.run,
        measuring.run,
    )


class DataPlane:
    """One opened data plane. Serving `app` runs it; its end closes everything."""

    def __init__(self, services: Services, settings: DataPlaneSettings) -> None:
        self.services = services
        self.stopping = Stopping()
        services.parts.database.on_broken = self.stopping.fail
        self.identity = services.parts.identity
        self.running = assemble_running(services, settings.uid_range, _run_settings(settings))
        self.measuring = Measuring(
            services.parts, self.running.runs.held, self.running.executor.stand_by, settings.slots, settings.version
        )
        self.worker = Worker(
            services.parts,
            services.enrolment,
            services.revocations,
            self.running.runs,
            self.measuring,
            services.housekeeping,
            settings.home_id,
        )
        services.alert_queue.full_at = self.worker.full_at
        self.gateway = Gateway(
            hosts=AppHosts(settings.public_url, settings.apps_domain),
            apps=self.running.runs.apps,
            visits=services.app_visits,
            stopping=self.stopping,
            transports=AppTransports(),
            finder=self.running.finder,
            sign_in_url=settings.control_plane_url,
        )
        self.idling = Idling(self.running.runs, self.gateway.transports, settings.app_idle_seconds)
        self.app = self._build(settings)
        self._is_closed = False

    most_message_bytes = MOST_MESSAGE_BYTES
    """WebSocket messages of apps are passed on up to this size."""

    @property
    def is_ready(self) -> bool:
        """Whether the plane is enrolled, so that it can check tokens."""
        return self.services.enrolment.is_done

    def active_runs(self) -> int:
        """Leased runs that have not ended."""
        return self.running.runs.active

    async def aclose(self) -> None:
        """Closes link and database. May run twice; serving `app` to its end does it too."""
        if self._is_closed:
            return
        self._is_closed = True
        with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
            await self.gateway.transports.aclose()
            await self.services.parts.link.aclose()
            await self.services.parts.database.close()

    def _build(self, settings: DataPlaneSettings) -> FastAPI:
        names = settings.host_names | {(urlsplit(settings.public_url).hostname or "").lower()}
        app = build_application(
            title=f"dlthub-tui data plane {settings.dataplane_id}",
            version=settings.version,
            host_names=lambda: names,
            grants=DATA_PLANE_ROUTES,
            lifespan=self._lifespan,
            unlimited_bodies=lambda path: (
                uploads.is_upload(path) or beacon.is_result(path) or own_webhooks.is_call(path)
            ),
        )
        app.state.services = self.services
        app.state.cursor_key = derive_key(self.identity.key, "cursors")
        app.state.running = self.running
        app.state.stopping = self.stopping
        app.state.searches = Searches()
        app.state.followers = Followers()
        app.state.gateway = self.gateway
        add_routers(app, ROUTERS)
        app.add_middleware(SmallIds)
        # Last, so first: an app's name is none of the plane's.
        app.add_middleware(GatewayDoor, gateway=self.gateway)
        return app

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncGenerator[None]:
        try:
            loops = background_loops(self.services, self.worker, self.measuring, self.running, self.idling)
            async with self.running.executor, in_background(loops, self.stopping):
                yield
        finally:
            await self.aclose()


async def open_data_plane(settings: DataPlaneSettings, clock: Clock | None = None) -> DataPlane:
    """Opens folder, keys, database and blobs, making what is missing; enrolment begins when `app` is served.

    Raises: SchemaTooNew, StorageError (the master key), Conflict (a folder or database of another plane, a setting).
    """
    clock = clock or SystemClock()
    delivery = _delivery_settings(settings)
    await _check_master_key(settings)
    _prepare_folders(settings)
    key, changes = IdentityKeys(settings.folder).load_or_create()
    master_keys = (
        GivenMasterKey(MasterKey.parse(settings.master_key))
        if settings.master_key is not None
        else MasterKeyFile(settings.folder / "master.key")
    )
    database = await Database.open(settings.database_url, _MIGRATIONS)
    link = Link(_address(settings), key, clock)
    try:
        if isinstance(master_keys, MasterKeyFile):
            await finish_rotation(database, master_keys)
        blobs = Blobs.at_url(settings.blobs_url) if settings.blobs_url else Blobs.in_folder(settings.folder / "blobs")
        await to_thread.run_sync(blobs.remove_unfinished)
        parts = Parts(
            database=database,
            clock=clock,
            blobs=blobs,
            vault=Vault(database, master_keys, clock),
            link=link,
            identity=Identity(key, settings.dataplane_id, settings.region, settings.public_url, changes),
            dataplane_id=settings.dataplane_id,
            region=settings.region,
            public_url=settings.public_url,
            control_plane_url=settings.control_plane_url,
            folder=settings.folder,
            upload_limit_bytes=settings.upload_limit_bytes,
            unpacked_limit_bytes=settings.unpacked_limit_bytes,
        )
        services = assemble(parts, settings.join_token, delivery, settings.retention)
        await services.revocations.load()
        return DataPlane(services, settings)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await link.aclose()
            await database.close()
        raise


async def _check_master_key(settings: DataPlaneSettings) -> None:
    """Before anything is made or changed. Raises: StorageError when a stored data key was wrapped with another one."""
    file = settings.folder / "master.key"
    if settings.master_key is not None:
        which = f"in DLTHUB_TUI_{settings.dataplane_id.upper()}_MASTER_KEY"
        known = [MasterKey.parse(settings.master_key)]
    else:
        which = f"at {file}"
        known = await to_thread.run_sync(MasterKeyFile.list_there, file)
    unopened = await count_unopened(settings.database_url, {key.id for key in known})
    if unopened:
        wrong = "opens not all of what is stored there" if known else "is missing, and without it nothing stored opens"
        raise StorageError(
            f"{settings.dataplane_id} does not start: its master key {which} {wrong} "
            f"(organizations whose values stay shut: {unopened}). Nothing was changed: "
            "start it with the key that it had, from its file, its variable or a backup."
        )


def _address(settings: DataPlaneSettings) -> LinkAddress:
    return LinkAddress(
        dataplane_id=settings.dataplane_id,
        region=settings.region,
        public_url=settings.public_url,
        control_plane_url=settings.control_plane_url,
    )


def _delivery_settings(settings: DataPlaneSettings) -> DeliverySettings:
    """Raises: Conflict when the setting names something that is no destination."""
    try:
        allowed = AllowedDestinations.parse(settings.alert_destinations)
    except ValueError as exc:
        raise Conflict("alert_destinations", f"The allowed destinations of alerts cannot be read: {exc}.") from exc
    waits = settings.alert_retry_seconds
    return DeliverySettings(allowed=allowed) if waits is None else DeliverySettings(allowed=allowed, waits=waits)


def _run_settings(settings: DataPlaneSettings) -> RunSettings:
    builder = settings.builder
    return RunSettings(
        builder=BuilderOptions(
            tool_copies=settings.folder / "tools",
            index_url=builder.index_url,
            system_certs=builder.system_certs,
            source_builds=builder.source_builds,
            environment=builder.environment,
        ),
        log_limit_bytes=settings.log_limit_bytes,
        most_standing=settings.most_standing,
        kept_ports=settings.kept_ports,
        run_limits=settings.run_limits,
        openings=Openings(
            private=settings.private or settings.folder,
            read=settings.job_reads,
            write=settings.job_writes,
            is_required=settings.refuses_uncontained,
            is_strict=settings.is_strict,
            have_network=settings.jobs_have_network,
        ),
    )


def _prepare_folders(settings: DataPlaneSettings) -> None:
    """Nobody else reads or writes here; what an earlier process left half-received is removed.

    0711 stays: running jobs of other uids pass through (executor/layout.py).
    """
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if settings.folder.stat().st_mode & 0o066:
        settings.folder.chmod(0o700)
    incoming = settings.folder / "incoming"
    if incoming.exists():
        shutil.rmtree(incoming)
    for name in ("incoming", "orgs", "blobs"):
        (settings.folder / name).mkdir(exist_ok=True, mode=0o700)
    remove_unfinished(settings.folder)
    remove_berths(settings.folder)
