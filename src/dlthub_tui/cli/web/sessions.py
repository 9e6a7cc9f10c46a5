"""One browser tab: a process of the terminal app, and the WebSocket that it draws on."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import anyio
from aiohttp import WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from dlthub_tui.settings import OF_THIS_TERMINAL

LEAVE_SECONDS = 20
"""How long an app process may take to leave before it is killed."""
MOST_COLUMNS, MOST_ROWS = 1000, 500
_HEARTBEAT_SECONDS = 15
_MOST_MESSAGE_BYTES = 1 << 20


class AppProcess(AppService):
    """`AppService` without a shell between, in a session of its own, which ends with us however we end."""

    def __init__(self, words: Sequence[str], socket: web.WebSocketResponse) -> None:
        self._words = words
        self._socket = socket
        super().__init__(
            "dlthub-tui", write_bytes=self._write_bytes, write_str=self._write_str, close=self._close,
            download_manager=DownloadManager(),
        )  # fmt: skip

    async def _write_bytes(self, data: bytes) -> None:
        # The process is read on when its browser has gone, else it could not leave.
        with suppress(ConnectionError):
            await self._socket.send_bytes(data)

    async def _write_str(self, text: str) -> None:
        with suppress(ConnectionError):
            await self._socket.send_str(text)

    async def _close(self) -> None:
        """The process says that it leaves; it is over when its output ends."""

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        environment = self._build_environment(width=width, height=height)
        for name in OF_THIS_TERMINAL:
            environment.pop(name, None)
        environment |= {"COLUMNS": str(width), "ROWS": str(height), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        reading, self._lifeline = os.pipe()
        try:
            command = [sys.executable, "-P", "-m", "dlthub_tui.cli.web.session", str(reading), *self._words]
            self._process = process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, pass_fds=(reading,),
                start_new_session=True,
            )  # fmt: skip
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(reading)
        self._stdin = process.stdin
        return process

    async def ended(self) -> None:
        """Waits until the process has ended by itself."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def stop(self) -> None:
        """Ends the process as a lost terminal would, and waits for it; kills it when it stays."""
        task, process = self._task, self._process
        self._task = None
        if task is None or process is None:
            return
        try:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGHUP)
            await asyncio.wait([task], timeout=LEAVE_SECONDS)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), 1 if not task.done() else LEAVE_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
            task.cancel()
            await asyncio.gather(task, process.wait(), return_exceptions=True)
            os.close(self._lifeline)


async def show_app(socket: web.WebSocketResponse, words: Sequence[str], width: str, height: str) -> None:
    """Runs the app for an open WebSocket until either ends, or this is cancelled. Both have ended when it returns."""
    app = AppProcess(words, socket)
    try:
        await app.start(_cells(width, 80, MOST_COLUMNS), _cells(height, 24, MOST_ROWS))
        async with anyio.create_task_group() as group:
            group.start_soon(_close_after, app, socket)
            await _pass_on(socket, app)
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await app.stop()
            with suppress(ConnectionError):
                await socket.close()


def new_socket() -> web.WebSocketResponse:
    """One that notices when its browser is gone, and takes no message larger than a paste."""
    return web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS, max_msg_size=_MOST_MESSAGE_BYTES)


async def _close_after(app: AppProcess, socket: web.WebSocketResponse) -> None:
    await app.ended()
    with suppress(ConnectionError):
        await socket.close()


async def _pass_on(socket: web.WebSocketResponse, app: AppProcess) -> None:
    """What the page sends, as far as it is one of its messages; all else is left out."""
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        try:
            envelope: Any = message.json()
        except ValueError:
            continue
        match envelope:
            case ["stdin", str(data)]:
                await app.send_bytes(data.encode("utf-8", "replace"))
            case ["resize", {"width": width, "height": height}]:
                await app.set_terminal_size(_cells(width, 80, MOST_COLUMNS), _cells(height, 24, MOST_ROWS))
            case ["ping", str(data)]:
                await app.remote_write_str(f'["pong", "{int(data) if data.isdecimal() and len(data) < 20 else 0}"]')
            case ["focus", *_]:
                await app.focus()
            case ["blur", *_]:
                await app.blur()
            case _:
                continue


def _cells(given: object, default: int, most: int) -> int:
    """A size in cells from 1 to `most`; the default where it is none."""
    try:
        return min(max(int(cast("str", given)), 1), most)
    except (TypeError, ValueError, OverflowError):
        return default


def static_folder() -> Path:
    """The terminal's script, styles and fonts, as the library brings them."""
    import textual_serve

    return Path(next(iter(textual_serve.__path__))) / "static"
