"""Composition root of one data plane."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import anyio
from fastapi import APIRouter, FastAPI

from planes.data_plane.api import files, uploads, variables, well_known
from planes.data_plane.link import Link, LinkAddress
from planes.data_plane.services.assembly import Services, assemble
from planes.data_plane.services.identity import Identity
from planes.data_plane.services.parts import Parts
from planes.domain.clock import Clock, SystemClock
from planes.server.application import build_application
from planes.server.streams import Stopping
from planes.settings import DataPlaneSettings
from planes.storage.blobs import Blobs
from planes.storage.database import Database
from planes.storage.vault import MasterKey, Vault
from planes.tokens.keys import SigningKey

_MIGRATIONS = "planes.storage.data.migrations"
_CLOSE_SECONDS = 10

# Every router of the plane. A new one is added here and nowhere else.
ROUTERS: tuple[APIRouter, ...] = (well_known.router, uploads.router, files.router, variables.router)


def background_loops(services: Services) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
    """What runs beside the routes, each in the plane's task group until it stops. A new loop is added here."""
    return (services.enrolment.run,)


class DataPlane:
    """One opened data plane. Serving `app` runs it; its end closes everything."""

    def __init__(self, services: Services, settings: DataPlaneSettings) -> None:
        self.services = services
        self.stopping = Stopping()
        self.identity = services.parts.identity
        self.app = self._build(settings)
        self._is_closed = False

    @property
    def is_ready(self) -> bool:
        """Whether the plane is enrolled, so that it can check tokens."""
        return self.services.enrolment.is_done

    def active_runs(self) -> int:
        """Runs that have a runner now."""
        return 0

    async def aclose(self) -> None:
        """Closes link and database. May run twice; serving `app` to its end does it too."""
        if self._is_closed:
            return
        self._is_closed = True
        with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
            await self.services.parts.link.aclose()
            await self.services.parts.database.close()

    def _build(self, settings: DataPlaneSettings) -> FastAPI:
        names = settings.host_names | {(urlsplit(settings.public_url).hostname or "").lower()}
        app = build_application(
            title=f"dlthub-tui data plane {settings.dataplane_id}",
            version=settings.version,
            host_names=lambda: names,
            lifespan=self._lifespan,
            unlimited_bodies=uploads.is_upload,
        )
        app.state.services = self.services
        for router in ROUTERS:
            app.include_router(router)
        return app

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncGenerator[None]:
        try:
            async with anyio.create_task_group() as group:
                for loop in background_loops(self.services):
                    group.start_soon(loop)
                yield
                self.stopping.stop()
                group.cancel_scope.cancel()
        finally:
            await self.aclose()


async def open_data_plane(settings: DataPlaneSettings, clock: Clock | None = None) -> DataPlane:
    """Opens folder, keys, database and blobs, making what is missing; enrolment begins when `app` is served.

    Raises: SchemaTooNew, StorageError (the master key), Conflict (a folder or database of another plane).
    """
    clock = clock or SystemClock()
    _prepare_folders(settings)
    key = SigningKey.load_or_create(settings.folder / "identity.key")
    master_key = (
        MasterKey.parse(settings.master_key)
        if settings.master_key is not None
        else MasterKey.load_or_create(settings.folder / "master.key")
    )
    database = await Database.open(settings.database_url, _MIGRATIONS)
    link = Link(_address(settings), key, clock)
    try:
        parts = Parts(
            database=database,
            clock=clock,
            blobs=Blobs.at_url(settings.blobs_url)
            if settings.blobs_url
            else Blobs.in_folder(settings.folder / "blobs"),
            vault=Vault(database, master_key, clock),
            link=link,
            identity=Identity(key, settings.dataplane_id, settings.region, settings.public_url),
            dataplane_id=settings.dataplane_id,
            region=settings.region,
            public_url=settings.public_url,
            control_plane_url=settings.control_plane_url,
            folder=settings.folder,
            upload_limit_bytes=settings.upload_limit_bytes,
            unpacked_limit_bytes=settings.unpacked_limit_bytes,
        )
        services = assemble(parts, settings.join_token)
        await services.revocations.load()
        return DataPlane(services, settings)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await link.aclose()
            await database.close()
        raise


def _address(settings: DataPlaneSettings) -> LinkAddress:
    return LinkAddress(
        dataplane_id=settings.dataplane_id,
        region=settings.region,
        public_url=settings.public_url,
        control_plane_url=settings.control_plane_url,
    )


def _prepare_folders(settings: DataPlaneSettings) -> None:
    """0700 all the way; what an earlier process left half-received is removed."""
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.folder.chmod(0o700)
    incoming = settings.folder / "incoming"
    if incoming.exists():
        shutil.rmtree(incoming)
    for name in ("incoming", "orgs", "blobs"):
        (settings.folder / name).mkdir(exist_ok=True, mode=0o700)
