"""Planes inside the terminal app: an own thread with an own event loop, so that the screen's loop only does screens.

What is imported here is imported before the first frame.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlthub_tui.embed.handover import Successor
    from planes.host.home import Home, PlatformRecord
    from planes.host.platform import RunningPlatform

OTHER_STARTS_SECONDS = 120.0
LOOKS_EVERY_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Where the platform is that the app works with."""

    control_plane_url: str
    socket_path: str | None
    is_embedded: bool
    note: str | None = None


class EmbeddedPlatform:
    """Attaches to the platform of a home, or starts one in this process.

    One owner calls `start` once, then `leave` once; both may take seconds and are waited for in a worker thread.
    """

    def __init__(self, home: Path, version: Callable[[], str], port: int | None = None) -> None:
        """`version` is asked for when planes are started: finding it takes longer than the first frame may wait."""
        self._home = home
        self._version = version
        self._port = port
        self._stack = ExitStack()
        self._opened: AbstractContextManager[RunningPlatform] | None = None
        self._running: RunningPlatform | None = None
        self.successor: Successor | None = None
        """The process that the planes were handed to. It outlives this one."""
        self.failure: str | None = None
        """Why the planes had stopped before they were left, or do not go on after it."""

    async def start(self, report: Callable[[str], None]) -> Platform:
        """The platform of this home, running.

        `report` hears what is being done, in sentences. Raises: CannotStart.
        """
        import anyio
        from anyio import to_thread

        from dlthub_tui.embed.serving import Overtaken

        told = False
        until = anyio.current_time() + OTHER_STARTS_SECONDS
        while True:
            while anyio.current_time() < until and await to_thread.run_sync(self._is_being_started):
                if not told:
                    report("Another process is starting this home's platform, or ending it. Waiting for it.")
                    told = True
                await anyio.sleep(LOOKS_EVERY_SECONDS)
            try:
                return await to_thread.run_sync(self._start, report)
            except Overtaken:
                if anyio.current_time() >= until:
                    raise

    @property
    def is_running_here(self) -> bool:
        """Whether its planes are in this process."""
        return self._running is not None

    async def active_runs(self) -> int:
        """Runs that go on in this process's regions; 0 when attached to a platform of another process."""
        return self._running.active_runs() if self._running else 0

    async def leave(self, *, keep_running: bool) -> None:
        """Stops the embedded planes, or hands them to a background process. Does nothing when attached."""
        from anyio import to_thread

        await to_thread.run_sync(self._leave, keep_running)

    def _is_being_started(self) -> bool:
        """A process holds the home and has not said where its planes are."""
        from planes.host.home import Home

        home = Home(self._home)
        return home.is_held() and home.read_record() is None

    def _start(self, report: Callable[[str], None]) -> Platform:
        from planes.host.home import Home

        home = Home(self._home)
        record = home.running()
        if record is not None and record.control_plane is not None:
            report("Attached to the platform that runs for this home.")
            return _platform_of(record, is_embedded=False)
        report("Starting the planes.")
        running = self._open(home)
        kept = home.read_ports()
        moved = [url for part, url in running.record.data_planes.items() if not url.endswith(f":{kept.get(part)}")]
        note = f"Known ports were taken; now at {', '.join(moved)}." if moved else None
        return _platform_of(running.record, is_embedded=True, note=note)

    def _open(self, home: Home) -> RunningPlatform:
        from anyio.from_thread import start_blocking_portal

        from dlthub_tui.embed.serving import CannotStart, Overtaken
        from planes.host.building import PlatformOptions
        from planes.host.home import HomeInUse, check_ours
        from planes.host.platform import HostCannotStart, cannot_start_said, running_platform, service_log_in

        options = PlatformOptions(home=home, version=self._version(), port=self._port, may_move=True)
        context: AbstractAsyncContextManager[RunningPlatform] = running_platform(options)
        try:
            with cannot_start_said():
                check_ours(home.root)  # before a log of this user lies there
                self._stack.enter_context(service_log_in(home.begin_log()))
                portal = self._stack.enter_context(start_blocking_portal(backend_options={"use_uvloop": True}))
                opened = portal.wrap_async_context_manager(context)
                self._running = opened.__enter__()
        except HostCannotStart as exc:
            self._stack.close()
            raise (Overtaken if isinstance(exc.__cause__, HomeInUse) else CannotStart)(str(exc)) from exc
        self._opened = opened
        return self._running

    def _leave(self, keep_running: bool) -> None:
        if self._running is None or self._opened is None:
            return
        running, opened = self._running, self._opened
        self._running = self._opened = None
        successor = self._successor(running) if keep_running else None
        running.is_handed_over = successor is not None
        from planes.host.platform import HostCannotStart, cannot_start_said

        try:
            with cannot_start_said():
                opened.__exit__(None, None, None)
        except HostCannotStart as exc:
            self.failure = str(exc)
        finally:
            self._stack.close()
        if successor is None:
            return
        if successor.begin():
            self.successor = successor
        elif self.failure is None:
            self.failure = (
                f"The platform could not go on by itself; why is at the end of {successor.log_file}. "
                "Active runs go on meanwhile. Start it again: dlthub-tui"
            )

    def _successor(self, running: RunningPlatform) -> Successor:
        from dlthub_tui.embed.handover import Successor
        from planes.host.home import Home

        return Successor(
            self._home,
            running.lock.descriptor,
            running.listeners,
            running.unix,
            running.record.socket,
            Home(self._home).log_file,
        )


def _platform_of(record: PlatformRecord, *, is_embedded: bool, note: str | None = None) -> Platform:
    assert record.control_plane is not None
    return Platform(
        control_plane_url=record.control_plane, socket_path=record.socket, is_embedded=is_embedded, note=note
    )
