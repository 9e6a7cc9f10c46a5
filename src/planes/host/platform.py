"""Runs the planes of one platform in this process: opens, announces, waits, drains (Borders: 3).

The planes meet over HTTP even here: they share no database, no file and no Python object. The code of a plane is loaded
when it is opened: most of the time that a region of its own takes to come back is its imports.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import anyio
import structlog
from anyio.abc import TaskGroup, TaskStatus

from planes.data_plane.runner.kernel import forbid_dumps, share_heaps
from planes.domain.errors import NO_ROOM, InvalidRequest, PlaneError, Unavailable
from planes.host.building import (
    CONTROL,
    DEFAULT_DATA_PLANES,
    KNOWN_PLACES,
    InsecureBinding,
    PlatformOptions,
    check_binding,
    control_settings,
    data_settings,
    is_proxy_unnamed,
    trusted_proxies,
)
from planes.host.home import HomeInUse, HomeLock, PlatformRecord, check_ours, name_of_user
from planes.host.joining import BAD_OPTIONS, completed, remember
from planes.host.listeners import PortPlan, keep_ports, open_listeners, port_of
from planes.observability import configure_logging
from planes.server.listening import AppServer, PlaneFailed, StartFailed
from planes.server.room import take_all_descriptors
from planes.storage.errors import StorageError
from planes.unix_sockets.listening import listen_unix, remove_socket

if TYPE_CHECKING:
    from planes.control_plane.app import ControlPlane
    from planes.data_plane.app import DataPlane

_START_SECONDS = 60
_log = structlog.get_logger("planes.host")


class HostCannotStart(Exception):
    """The platform cannot start as asked, or has stopped by itself; the text says why and what to do."""


class WrongOptions(HostCannotStart):
    """What was asked for is not enough, or contradicts what the home has joined."""


class StoppedAtStart(Exception):
    """The platform was told to stop before it was ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """What another process of the same platform hands over: the home's lock and the listening sockets by part."""

    lock: int
    listeners: Mapping[str, socket.socket]
    unix: socket.socket | None = None
    unix_path: str | None = None


@dataclass(frozen=True, slots=True)
class _Sockets:
    """What a platform listens on; `kept_ports` are descriptors of its ports' keepers (`host.listeners`)."""

    listeners: dict[str, socket.socket]
    unix: socket.socket | None
    unix_path: str | None
    kept_ports: tuple[int, ...]


@dataclass(slots=True)
class RunningPlatform:
    """A platform that answers: where it is, and what its embedding application may ask of it."""

    record: PlatformRecord
    lock: HomeLock
    listeners: dict[str, socket.socket]
    unix: socket.socket | None
    data_planes: list[DataPlane] = field(default_factory=list["DataPlane"])
    is_handed_over: bool = False
    """Another process goes on with the sockets, so their files stay."""

    def active_runs(self) -> int:
        """Runs of this process's data planes that have a runner now."""
        return sum(plane.active_runs() for plane in self.data_planes)


@asynccontextmanager
async def running_platform(
    options: PlatformOptions, inherited: Inherited | None = None, stop: anyio.Event | None = None
) -> AsyncGenerator[RunningPlatform]:
    """The platform from ready to drained; leaving the block stops it, and so does `stop` until it is ready.

    Raises: HomeInUse, Conflict (a port is taken), InsecureBinding, InvalidRequest, StoppedAtStart, Unavailable (too
    few files may be open).
    """
    check_binding(options)
    check_ours(options.home.root)
    options = completed(options)
    # The vault's key and every secret that passes through are in this process's memory (Security: 5).
    forbid_dumps()
    share_heaps()
    take_all_descriptors()
    lock = HomeLock(options.home, inherited.lock if inherited else None)
    listeners = dict(inherited.listeners) if inherited else {}
    unix = inherited.unix if inherited else None
    keepers: list[socket.socket] = []
    try:
        if not listeners:
            listeners = _listen(options)
        keepers = keep_ports(listeners.values())
        unix_path = inherited.unix_path if inherited else None
        if unix is None and CONTROL in listeners:
            path = options.home.socket_path()
            unix, unix_path = listen_unix(path), str(path)
        sockets = _Sockets(listeners, unix, unix_path, tuple(keeper.fileno() for keeper in keepers))
        async with _served(options, lock, sockets, stop or anyio.Event()) as platform:
            options.home.write_record(platform.record)
            remember(options)
            try:
                yield platform
            finally:
                options.home.clear_record()
                if platform.record.socket is not None and not platform.is_handed_over:
                    remove_socket(Path(platform.record.socket))
    finally:
        for held in [*listeners.values(), *([unix] if unix else []), *keepers]:
            held.close()
        lock.release()


def serve_until_signalled(
    options: PlatformOptions, announce: Callable[[PlatformRecord], None], inherited: Inherited | None = None
) -> None:
    """Serves until SIGTERM, SIGINT or SIGHUP, then drains. Runs go on: their runners are their own processes.

    Raises: HostCannotStart.
    """
    configure_logging(level=options.log_level)
    with cannot_start_said():
        anyio.run(_serve_until_signalled, options, announce, inherited, backend_options={"use_uvloop": True})


@contextmanager
def service_log_in(path: Path) -> Generator[None]:
    """Sends this process's service log to a private file: an embedding application owns the terminal."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", buffering=1, encoding="utf-8") as file:
        configure_logging(stream=file)
        try:
            yield
        finally:
            configure_logging()


@contextmanager
def cannot_start_said() -> Generator[None]:
    """Turns every expected failure to start into `HostCannotStart`."""
    try:
        yield
    except* (HomeInUse, InsecureBinding, PlaneError, StorageError, StartFailed, PlaneFailed, OSError) as group:
        first = _first_of(group)
        if isinstance(first, InvalidRequest) and first.code == BAD_OPTIONS:
            raise WrongOptions(first.detail) from first
        raise HostCannotStart(_sentence(first)) from first


def _sentence(error: BaseException) -> str:
    if isinstance(error, PlaneError):
        return error.detail
    if isinstance(error, PermissionError) and error.filename is not None:
        return f"{error.filename}: {error.strerror} to {name_of_user(os.geteuid())}. Whose are it and its folder?"
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return f"{error.strerror}. Make room on the disk of the home, then start again: runs that go on are found then."
    return f"{error.filename}: {error.strerror}." if isinstance(error, OSError) and error.filename else str(error)


def _first_of(error: BaseException) -> BaseException:
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return _first_of(group.exceptions[0])
    return error


async def _serve_until_signalled(
    options: PlatformOptions, announce: Callable[[PlatformRecord], None], inherited: Inherited | None
) -> None:
    stop = anyio.Event()
    async with anyio.create_task_group() as group:
        await group.start(_set_on_signal, stop)
        try:
            await _serve_until(stop, options, announce, inherited)
        except* StoppedAtStart:
            _log.info("stopped_at_start")
        group.cancel_scope.cancel()


async def _set_on_signal(stop: anyio.Event, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        task_status.started()
        async for _ in signals:
            stop.set()


async def _serve_until(
    stop: anyio.Event,
    options: PlatformOptions,
    announce: Callable[[PlatformRecord], None],
    inherited: Inherited | None,
) -> None:
    async with running_platform(options, inherited, stop) as platform:
        for plane in platform.data_planes:
            # What the owner compares with what a client shows before it trusts the region (Security: 3).
            identity = plane.identity
            _log.info(
                "data_plane_identity",
                dataplane_id=identity.dataplane_id,
                fingerprint=identity.fingerprint,
                words=identity.words,
            )
        announce(platform.record)
        await stop.wait()


def _listen(options: PlatformOptions) -> dict[str, socket.socket]:
    kept, parts = options.home.read_ports(), _parts(options)
    if CONTROL in parts:
        options.home.check_control_plane()
    plan = PortPlan(host=options.host, first=options.port, may_move=options.may_move)
    listeners = open_listeners(parts, plan, kept)
    options.home.write_ports({**kept, **{part: port_of(listener) for part, listener in listeners.items()}})
    return listeners


def _parts(options: PlatformOptions) -> list[str]:
    if options.part == "control":
        return [CONTROL]
    if options.part == "data":
        assert options.dataplane_id is not None
        return [options.dataplane_id]
    return [CONTROL, *DEFAULT_DATA_PLANES]


@asynccontextmanager
async def _served(
    options: PlatformOptions,
    lock: HomeLock,
    sockets: _Sockets,
    stop: anyio.Event,
) -> AsyncGenerator[RunningPlatform]:
    listeners, unix = sockets.listeners, sockets.unix
    urls = {part: _public_url(options, listener) for part, listener in listeners.items()}
    if is_proxy_unnamed(options):
        _log.warning("proxy_not_named", reason="whoever comes through it shares all tries: DLTHUB_TUI_TRUSTED_PROXIES")
    servers = _Servers(trusted_proxies(options.environment))
    async with anyio.create_task_group() as group:
        with servers.while_whole:
            try:
                control = None
                if CONTROL in listeners:
                    from planes.control_plane.app import open_control_plane

                    control = await open_control_plane(control_settings(options, urls[CONTROL]))
                    await servers.start(group, control, [listeners[CONTROL], *([unix] if unix else [])])
                data_planes: list[DataPlane] = []
                for part in [part for part in listeners if part != CONTROL]:
                    plane = await _open_data_plane(options, part, urls, control, sockets.kept_ports)
                    data_planes.append(plane)
                    await servers.start(group, plane, [listeners[part]], plane.most_message_bytes)
                for plane in data_planes:
                    await _wait_enrolled(plane, stop)
                record = PlatformRecord(
                    pid=os.getpid(),
                    version=options.version,
                    control_plane=urls.get(CONTROL, options.control_plane_url),
                    data_planes={part: url for part, url in urls.items() if part != CONTROL},
                    socket=sockets.unix_path,
                )
                yield RunningPlatform(record, lock, listeners, unix, data_planes)
            finally:
                await servers.stop()
    if servers.failure is not None:
        raise servers.failure


class _Servers:
    """The servers of one platform. One that fails leaves `while_whole`, so that the others end in order."""

    def __init__(self, proxies: str) -> None:
        self._proxies = proxies
        self.while_whole = anyio.CancelScope()
        self.failure: PlaneFailed | StartFailed | None = None
        self._started: list[AppServer] = []

    async def start(
        self,
        group: TaskGroup,
        plane: ControlPlane | DataPlane,
        sockets: list[socket.socket],
        most_message_bytes: int | None = None,
    ) -> None:
        """Returns when the plane answers. Raises: StartFailed."""
        server = AppServer(
            plane.app,
            sockets,
            plane.stopping,
            most_message_bytes=most_message_bytes,
            trusted_proxies=self._proxies,
        )
        self._started.append(server)
        group.start_soon(self._serve, server)
        with anyio.fail_after(_START_SECONDS):
            await server.wait_ready()

    async def stop(self) -> None:
        """Data planes first: what they still have to report, the control plane must be there to hear."""
        for server in reversed(self._started):
            server.stop()
            with anyio.CancelScope(shield=True):
                await server.wait_stopped()

    async def _serve(self, server: AppServer) -> None:
        try:
            await server.serve()
        except (PlaneFailed, StartFailed) as exc:
            self.failure = self.failure or exc
            self.while_whole.cancel()


async def _open_data_plane(
    options: PlatformOptions,
    dataplane_id: str,
    urls: Mapping[str, str],
    control: ControlPlane | None,
    kept_ports: tuple[int, ...],
) -> DataPlane:
    from planes.data_plane.app import open_data_plane

    control_plane_url = urls.get(CONTROL) or options.control_plane_url
    assert control_plane_url is not None
    return await open_data_plane(
        data_settings(
            options,
            dataplane_id,
            public_url=urls[dataplane_id],
            control_plane_url=control_plane_url,
            join_token=await join_token(options, dataplane_id, control),
            kept_ports=kept_ports,
        )
    )


async def join_token(options: PlatformOptions, dataplane_id: str, control: ControlPlane | None) -> str | None:
    """With what a region joins at this start: a token that it was given, or one of the control plane beside it.

    Whoever removed a region's key (docs/production.md) gives it another one, which the control plane of its home takes.
    """
    from planes.data_plane.services.identity_keys import KEY_FILE

    has_key = (options.home.data_folder(dataplane_id) / KEY_FILE).exists()
    if control is None or (has_key and await control.knows_data_plane(dataplane_id)):
        return options.join_token
    return await control.issue_join_token(dataplane_id, place=KNOWN_PLACES.get(dataplane_id, dataplane_id))


async def _wait_enrolled(plane: DataPlane, stop: anyio.Event) -> None:
    """A plane that does not know its control plane can check no token, so the platform is not ready before."""
    enrolment = plane.services.enrolment
    with anyio.move_on_after(_START_SECONDS):
        async with anyio.create_task_group() as group:
            for wait in (enrolment.wait_answered, stop.wait, plane.stopping.wait):
                group.start_soon(_cancel_after, wait, group.cancel_scope)
    if stop.is_set():
        raise StoppedAtStart
    if not enrolment.is_done:
        raise enrolment.refusal or enrolment.silence or Unavailable("not_enrolled", "The control plane is not heard.")


async def _cancel_after(wait: Callable[[], Awaitable[object]], scope: anyio.CancelScope) -> None:
    await wait()
    scope.cancel()


def _public_url(options: PlatformOptions, listener: socket.socket) -> str:
    if options.public_url is not None and options.part != "all":
        return options.public_url
    host = options.host if options.host not in {"0.0.0.0", "::"} else socket.getfqdn()  # noqa: S104 - a comparison
    return f"http://{f'[{host}]' if ':' in host else host}:{port_of(listener)}"
