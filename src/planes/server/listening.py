"""Serves an application on sockets that already listen: TCP, and the home's unix socket with its peer's identity.

The sockets are made first and passed in, so that a port can be announced, kept or handed to another process, and so
that clients wait in the backlog meanwhile.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import anyio
import uvicorn
from anyio.lowlevel import checkpoint
from starlette.types import ASGIApp

from planes.domain.errors import Conflict, InvalidRequest
from planes.server.protocol import PlaneProtocol
from planes.server.room import counted, most_waiting
from planes.server.streams import Stopping

UNSENT_BYTES = 64 * 1024
_LAST_WORDS_SECONDS = 0.1
_CANCELLED_SECONDS = 2.0
_NOT_STARTED = "An application did not start; the service log says why."


def listen_tcp(host: str, port: int, *, beside_keepers: bool = False) -> socket.socket:
    """A listening socket; port 0 takes a free one. `beside_keepers`: sockets of this user's may keep the port.

    Raises: Conflict when the port is taken, InvalidRequest where this machine cannot listen at all.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio takes Nagle's delay from connections whose listener says that it is TCP, and from no others: with it each
    # answer but the first of a connection waits 40 ms for the client to confirm the head.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if beside_keepers:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
        _hold_little(listener)
        listener.listen(most_waiting())
    except OSError as exc:
        listener.close()
        if exc.errno == errno.EADDRINUSE:
            raise Conflict("port_taken", f"Port {port} on {host} is taken: {exc.strerror}.") from exc
        raise InvalidRequest("cannot_listen", f"{host}, port {port}: {exc.strerror}.") from exc
    listener.setblocking(False)
    return listener


def _hold_little(listener: socket.socket) -> None:
    """Let the kernel hold little for a client that does not read, instead of up to 4 MB.

    What is on its way to one that reads is not limited. Connections inherit it from their listener.
    """
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if option is not None:
        listener.setsockopt(socket.IPPROTO_TCP, option, UNSENT_BYTES)


class AppServer:
    """Serves one application until told to stop, or until `stopping` says that a part of it failed.

    `stopping` ends the open streams first: without it the server would wait its whole grace for them. WebSockets are
    served only with `most_message_bytes`, which bounds a message. `trusted_proxies` are addresses and networks, with
    commas between, whose `X-Forwarded-For` says where a request comes from; anybody else could make that up.
    """

    def __init__(
        self,
        app: ASGIApp,
        sockets: Sequence[socket.socket],
        stopping: Stopping,
        *,
        grace_seconds: int = 5,
        most_message_bytes: int | None = None,
        trusted_proxies: str = "",
    ) -> None:
        self._sockets = list(sockets)
        self._stopping = stopping
        config = uvicorn.Config(
            app,
            http=PlaneProtocol,
            ws="none" if most_message_bytes is None else "websockets-sansio",
            ws_max_size=most_message_bytes or 0,
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=trusted_proxies,
            date_header=False,  # our protocol says it
            timeout_keep_alive=30,
            timeout_graceful_shutdown=grace_seconds,
            backlog=most_waiting(),
        )
        self._ready = anyio.Event()
        self._stopped = anyio.Event()
        self._server = _QuietServer(config, self._ready)

    async def wait_ready(self) -> None:
        """Returns when the application has started and answers.

        Raises: StartFailed when it ended before that; its log says why.
        """
        await self._ready.wait()
        if not self._server.started:
            raise StartFailed(_NOT_STARTED)

    async def serve(self) -> None:
        """Returns after `stop`. May be called once. One that is cancelled answers nobody any more, and holds no socket.

        Raises: StartFailed, PlaneFailed.
        """
        left: SystemExit | None = None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._end_with_application)
                try:
                    with counted(self._server.server_state.connections):
                        await self._server.serve(sockets=self._sockets)
                except SystemExit as exc:
                    # uvicorn leaves the process when an application does not start; this process has other work.
                    left = exc
                group.cancel_scope.cancel()
        finally:
            self._stopped.set()
            self._ready.set()
        if left is not None:
            raise StartFailed(_NOT_STARTED) from left
        if self._stopping.failure is not None:
            raise PlaneFailed(
                "A part of the platform failed, so it has stopped; the service log says which."
                " Runs go on by themselves. Start the platform again: it takes them up."
            )

    async def _end_with_application(self) -> None:
        await self._stopping.wait()
        self._server.leave()

    async def wait_stopped(self) -> None:
        """Returns when `serve` has."""
        await self._stopped.wait()

    def stop(self) -> None:
        """Ends open streams, lets open requests finish within the grace, then ends. May be called twice."""
        self._stopping.stop()
        self._server.leave()


class StartFailed(Exception):
    """An application that ended before it answered."""


class PlaneFailed(Exception):
    """An application that answered, and stopped because a part of it failed."""


class _QuietServer(uvicorn.Server):
    """A server that leaves the process's signals to its host and tells when it answers."""

    def __init__(self, config: uvicorn.Config, ready: anyio.Event) -> None:
        super().__init__(config)
        self._ready = ready
        self._left = anyio.Event()
        self.servers: list[asyncio.Server] = []

    def leave(self) -> None:
        """Ends `serve`. May be called twice."""
        self.should_exit = True
        self._left.set()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().serve(sockets=sockets)
        except anyio.get_cancelled_exc_class():  # uvicorn's shutdown was left out, or broken off
            with anyio.move_on_after(_CANCELLED_SECONDS, shield=True):
                await self._drop(sockets or [])
            raise

    async def _drop(self, sockets: list[socket.socket]) -> None:
        """Ends at once what listens, what is connected, and what is asked."""
        await self._accept_no_more()
        for listener in sockets:
            listener.close()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await self._abort()
        if tasks:
            await asyncio.wait(tasks)
        await self._abort()  # whom the loop had accepted already

    async def _accept_no_more(self) -> None:
        """Closes what listens.

        A connection gets its transport a turn of the loop after it was accepted, and asyncio fails to make one for a
        server that is closed by then: nobody would answer that connection, nor end it.
        """
        loop = asyncio.get_running_loop()
        for server in self.servers:
            for listener in server.sockets:
                loop.remove_reader(listener.fileno())
        await checkpoint()
        for server in self.servers:
            server.close()

    async def _abort(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await checkpoint()  # a transport closes its socket in the next turn of the loop

    async def main_loop(self) -> None:
        """Uvicorn's looks ten times a second whether to end, and what time it is: most of what an idle plane does."""
        await self._left.wait()  # as long as it is to serve

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # First nobody new; then who connected a moment ago gets to ask, instead of seeing the connection end.
        await self._accept_no_more()
        await anyio.sleep(_LAST_WORDS_SECONDS)
        try:
            await super().shutdown(sockets=sockets)
        finally:
            # Uvicorn leaves open who does not read what is still to be sent, or came while it looked: nobody else ends
            # these, and they would outlive the loop.
            await self._abort()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
