"""Talking to a living runner over its socket."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import anyio
import anyio.abc
from anyio import to_thread

from planes.data_plane.runner.folders import RunFolder, read_record
from planes.unix_sockets.connecting import connect_unix

_CONNECT_SECONDS = 5.0
_WAKE_RETRY_SECONDS = 0.2


class RunnerUnreachable(Exception):
    """No runner listens for this run: it has ended, was killed, or is just starting or ending."""


class RunnerLink:
    """A connection to a runner. Several may be open at once."""

    def __init__(self, stream: anyio.abc.ByteStream) -> None:
        self._stream = stream

    async def states(self) -> AsyncIterator[dict[str, Any]]:
        """The runner's state now and after every change, until it hangs up. Waits as long as the run takes."""
        rest = b""
        while True:
            try:
                received = await self._stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return
            *messages, rest = (rest + received).split(b"\n")
            for message in messages:
                yield json.loads(message)

    async def stop(self, reason: str) -> None:
        """Ask for the end of the run and wait until the runner has heard it (or is gone)."""
        try:
            await self._stream.send(json.dumps({"stop": reason}).encode() + b"\n")
        except anyio.BrokenResourceError:
            return
        async for state in self.states():
            if state["stopping"] is not None:
                return

    async def changed(self) -> bool:
        """Wait for any news; False once the runner has hung up. What it says is left unread: the log is the truth."""
        try:
            await self._stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return False
        return True


@asynccontextmanager
async def connect(folder: RunFolder) -> AsyncGenerator[RunnerLink]:
    """Open a connection to the runner of a folder. Raises: RunnerUnreachable."""
    record = await to_thread.run_sync(read_record, folder.runner_path)
    if record is None:
        raise RunnerUnreachable
    try:
        with anyio.fail_after(_CONNECT_SECONDS):
            stream = await connect_unix(record["socket"])
    except (OSError, TimeoutError) as error:
        raise RunnerUnreachable from error
    async with stream:
        yield RunnerLink(stream)


class RunnerWakes:
    """Wakes a follower of a run's log when the runner has written. An async context manager.

    While no runner can be reached (it starts, it ended, it was killed and nobody has sealed its log yet) it wakes every
    `_WAKE_RETRY_SECONDS` instead: then there is no line whose way to the client this could delay.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = RunFolder(folder)
        self._link: RunnerLink | None = None
        self._connection: Any = None

    async def __aenter__(self) -> Self:
        await self._connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._disconnect()

    async def wait(self) -> None:
        """Return when the log may have more lines or be sealed. Waits without end while nothing is printed."""
        if self._link is not None:
            if await self._link.changed():
                return
            await self._disconnect()
            return
        await anyio.sleep(_WAKE_RETRY_SECONDS)
        await self._connect()

    async def _connect(self) -> None:
        connection = connect(self._folder)
        try:
            self._link = await connection.__aenter__()
        except RunnerUnreachable:
            return
        self._connection = connection

    async def _disconnect(self) -> None:
        connection, self._connection, self._link = self._connection, None, None
        if connection is not None:
            with anyio.CancelScope(shield=True):
                await connection.__aexit__(None, None, None)
