"""A real control plane in a thread of its own, reached through a relay that can be cut, and an app signed in to it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import anyio
from anyio.abc import ByteStream, Listener, SocketStream
from anyio.from_thread import BlockingPortal, start_blocking_portal
from tests.fakes.control_stage import Stage, control_stage

from dlthub_tui.app import AppOptions, DlthubTui
from planes.server.listening import AppServer, listen_tcp

_Answer = TypeVar("_Answer")


@dataclass
class LivePlane:
    """`call` runs work on the plane's loop. `asked` counts requests by path; `cut` ends all connections."""

    stage: Stage
    portal: BlockingPortal
    url: str = ""
    is_cut: bool = False
    asked: list[str] = field(default_factory=list[str])
    _open: set[ByteStream] = field(default_factory=set[ByteStream])

    def call(self, work: Callable[..., Coroutine[Any, Any, _Answer]], *args: Any) -> _Answer:
        return self.portal.call(work, *args)

    def cut(self) -> None:
        """Nothing comes through any more."""
        self.is_cut = True
        self.portal.call(self._close)

    def mend(self) -> None:
        """Connections are taken again."""
        self.is_cut = False

    async def _close(self) -> None:
        for stream in list(self._open):
            await stream.aclose()

    async def relay(self, listener: Listener[SocketStream], port: int) -> None:
        async def pass_on(source: ByteStream, target: ByteStream) -> None:
            with suppress(anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
                while True:
                    await target.send(await source.receive())
            for stream in (source, target):
                await stream.aclose()

        async def taken(client: ByteStream) -> None:
            async with client, await anyio.connect_tcp("127.0.0.1", port) as plane:
                if self.is_cut:  # also meanwhile
                    return
                self._open |= {client, plane}
                try:
                    async with anyio.create_task_group() as group:
                        group.start_soon(pass_on, client, plane)
                        group.start_soon(pass_on, plane, client)
                finally:
                    self._open -= {client, plane}

        with suppress(anyio.ClosedResourceError):
            await listener.serve(taken)


def _counting(app: Any, asked: list[str]) -> Any:
    async def counted(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            asked.append(f"{scope['method']} {scope['path']}")
        await app(scope, receive, send)

    return counted


@asynccontextmanager
async def _opened(folder: Path, portal: BlockingPortal) -> AsyncGenerator[LivePlane]:
    async with control_stage(folder, f"sqlite+aiosqlite:///{folder / 'control.db'}") as stage:
        plane = LivePlane(stage, portal)
        socket = listen_tcp("127.0.0.1", 0)
        server = AppServer(
            _counting(stage.plane.app, plane.asked), [socket], stage.plane.stopping, grace_seconds=90
        )  # fmt: skip
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve)
            await server.wait_ready()
            listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
            (one,) = listener.listeners
            plane.url = f"http://127.0.0.1:{one.extra(anyio.abc.SocketAttribute.local_port)}"
            group.start_soon(plane.relay, listener, socket.getsockname()[1])
            try:
                yield plane
            finally:
                await plane._close()
                server.stop()
                with anyio.CancelScope(shield=True):
                    await server.wait_stopped()
                    await listener.aclose()
                group.cancel_scope.cancel()
        socket.close()


@contextmanager
def live_plane(folder: Path) -> Generator[LivePlane]:
    """The plane runs until the block ends."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_opened(folder, portal)) as plane:
        yield plane


def signed_in(plane: LivePlane, home: Path) -> DlthubTui:
    """An app of the plane that never asks by itself within a test: what it shows comes by the stream."""
    return signed_in_at(plane.url, home, plane.stage.clock.now)


def signed_in_at(url: str, home: Path, now: Callable[[], Any]) -> DlthubTui:
    """The same, for a plane at this address."""
    return DlthubTui(AppOptions(home=str(home), url=url, uses_keyring=False, poll_seconds=3600.0, now=now))


async def sign_in(app: DlthubTui, plane: LivePlane) -> None:
    """Signs the owner in by key, without the typing."""
    await sign_in_by(app, plane.stage.owner.headers["authorization"].removeprefix("Bearer "))


async def sign_in_by(app: DlthubTui, key: str) -> None:
    """Signs in by this key."""
    from dlthub_tui.client.sessions import TokenPair
    from dlthub_tui.messages import SignedIn
    from dlthub_tui.screens.entering.sign_in import SignInScreen

    deadline = time.monotonic() + 60
    while not isinstance(app.screen, SignInScreen):
        assert time.monotonic() < deadline
        await anyio.sleep(0.02)
    await app.context.connected.begin(TokenPair(jwt=key, refresh_token="", email="ana@orchard.example"), is_kept=False)
    app.screen.stop_work("load")
    app.post_message(SignedIn())
