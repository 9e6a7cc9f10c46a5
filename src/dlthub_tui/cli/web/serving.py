"""Serving the terminal app to browsers of this machine, until Ctrl+C or SIGTERM."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from aiohttp import web

from dlthub_tui.cli.exits import DONE, FAILED, say_error
from dlthub_tui.cli.opening import why_closed
from dlthub_tui.cli.web.guard import Guard
from dlthub_tui.cli.web.sessions import new_socket, show_app, static_folder
from dlthub_tui.embed.embedded import EmbeddedPlatform
from dlthub_tui.embed.serving import CannotStart
from dlthub_tui.settings import our_version

MOST_SESSIONS = 8
_LOOPBACK = "127.0.0.1"
_PAGE = Path(__file__).parent / "page"
_TRIES = 20


@dataclass(frozen=True, slots=True)
class WebRequest:
    """How the app was asked for. `port` 0 takes a free one."""

    home: Path
    port: int = 0
    read_only: bool = False

    def words(self) -> list[str]:
        """What opens the app of a tab."""
        return ["--home", str(self.home), *(["--read-only"] if self.read_only else [])]


def serve_app(request: WebRequest) -> int:
    """Serves until Ctrl+C or SIGTERM; the exit code."""
    why_not = why_closed(request.home)
    if why_not is not None:
        say_error(why_not)
        return FAILED
    try:
        anyio.run(_serve, request)
    except CannotStart as exc:
        say_error(str(exc))
        return FAILED
    return DONE


async def _serve(request: WebRequest) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        listener, keeper = take_port(request.port)
        with listener, keeper:
            # Here and not in a tab, so that closing the tab that was opened first stops nobody's platform.
            platform = EmbeddedPlatform(request.home, our_version)
            try:
                await platform.start(lambda said: print(said, file=sys.stderr, flush=True))
                async with served(listener, request.words()) as guard:
                    print(guard.new_link(), flush=True)
                    print(_advice(guard), file=sys.stderr, flush=True)
                    async for _ in signals:
                        break
            finally:
                with anyio.CancelScope(shield=True):
                    if await platform.active_runs():
                        print(
                            "Runs that are active end by themselves, and are taken up at the next start.",
                            file=sys.stderr,
                        )
                    await platform.leave(keep_running=False)
    if platform.failure is not None:
        raise CannotStart(platform.failure)


def _advice(guard: Guard) -> str:
    said = "Open this link in a browser of this machine. It opens one browser, once; Ctrl+C ends."
    if not _has_keyboard():
        return said
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _answer_enter, guard)
    return f"{said} Enter prints another link."


def _has_keyboard() -> bool:
    return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()


def _answer_enter(guard: Guard) -> None:
    if os.read(sys.stdin.fileno(), 1024):
        print(guard.new_link(), flush=True)
    else:
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())


@asynccontextmanager
async def served(listener: socket.socket, words: Sequence[str]) -> AsyncGenerator[Guard]:
    """Answers on a listening socket inside the block; at its end no app process is left.

    `words` open the app of a tab. Gives the guard, which makes links.
    """
    guard = Guard(listener.getsockname()[1])
    sessions: dict[anyio.CancelScope, anyio.Event] = {}
    page = (_PAGE / "index.html").read_text(encoding="utf-8").replace("HOST", guard.host)

    async def index(request: web.Request) -> web.Response:
        # Its script takes orders from the query, such as an address to fetch; our page has none.
        if request.query_string:
            raise web.HTTPSeeOther("/")
        return web.Response(text=page, content_type="text/html")

    async def open_session(request: web.Request) -> web.WebSocketResponse:
        if len(sessions) >= MOST_SESSIONS:
            raise web.HTTPServiceUnavailable(text="Too many tabs show the app. Close one.")
        scope = anyio.CancelScope()
        ended = sessions[scope] = anyio.Event()
        opened = new_socket()
        try:
            with scope:
                await opened.prepare(request)
                await show_app(opened, words, request.query.get("width", ""), request.query.get("height", ""))
        finally:
            del sessions[scope]
            ended.set()
        return opened

    app = web.Application(middlewares=[guard.check])
    app.on_response_prepare.append(guard.sign)
    app.router.add_get("/", index)
    app.router.add_get("/ws", open_session)
    app.router.add_static("/static", static_folder())
    app.router.add_static("/page", _PAGE)
    # No access log: a link's token would be in it.
    runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=1)
    try:
        await runner.setup()
        await web.SockSite(runner, listener).start()
        yield guard
    finally:
        with anyio.CancelScope(shield=True):
            endings = list(sessions.items())
            for scope, _ in endings:
                scope.cancel()
            for _, ended in endings:
                await ended.wait()
            await runner.cleanup()


def take_port(port: int) -> tuple[socket.socket, socket.socket]:
    """A socket that listens on 127.0.0.1, and one that keeps the same port of ::1 from others, without listening.

    Browsers may try ::1 first for a name below localhost; who listened there would be given the link's token.
    Raises: CannotStart.
    """
    tries = _TRIES if port == 0 else 1
    while True:
        tries -= 1
        try:
            return _take_port(port)
        except (OSError, OverflowError) as exc:
            if tries:
                continue
            reason = exc.strerror if isinstance(exc, OSError) else "there is no such port"
            raise CannotStart(
                f"Port {port} of this machine cannot be used: {reason}. --port takes another, 0 a free one."
            ) from exc


def _take_port(port: int) -> tuple[socket.socket, socket.socket]:
    with ExitStack() as stack:
        # Named TCP, so that asyncio takes Nagle's delay from its connections.
        listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP))
        if port:
            # Else a port that was served a moment ago stays taken for a minute.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_LOOPBACK, port))
        keeper = stack.enter_context(_keep_from_others(listener.getsockname()[1]))
        listener.listen(128)
        listener.setblocking(False)
        stack.pop_all()
        return listener, keeper


def _keep_from_others(port: int) -> socket.socket:
    try:
        keeper = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    except OSError:
        # No IPv6 here, for nobody: any socket does.
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        keeper.bind(("::1", port))
    except OSError as exc:
        if exc.errno != errno.EADDRNOTAVAIL:
            keeper.close()
            raise
    return keeper
