"""The way between a data plane and its control plane, as networks are: cut, deaf in one direction, slow, lossy.

A TCP proxy in a thread of its own. What a connection carried when a fault ate a part of it is worth nothing any more:
such a connection is broken off at the latest when the fault ends, as a network's would be by its time limits.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import anyio.abc
from anyio.from_thread import start_blocking_portal

_PIECE_BYTES = 65536


@dataclass(eq=False)
class _Connection:
    near: anyio.abc.SocketStream
    far: anyio.abc.SocketStream
    has_lost: bool = False

    async def close(self) -> None:
        for stream in (self.near, self.far):
            with anyio.CancelScope(shield=True):
                await anyio.aclose_forcefully(stream)


@dataclass
class FaultyLink:
    """`url` stands for the control plane's address. Of the faults any number may hold at once.

    `is_cut`: nobody comes through, what was open is broken off. `is_deaf_there`, `is_deaf_here`: what is sent to the
    control plane, or comes from it, is swallowed. `latency_seconds` holds each piece up, in both directions.
    `lost_part` of the pieces is lost, and the connection with each.
    """

    url: str
    call: Callable[[Callable[[], Coroutine[Any, Any, None]]], None]
    target_port: int = 0
    is_cut: bool = False
    is_deaf_there: bool = False
    is_deaf_here: bool = False
    latency_seconds: float = 0.0
    lost_part: float = 0.0
    lost: int = 0
    passed: int = 0
    _open: set[_Connection] = field(default_factory=set[_Connection])
    _chance: random.Random = field(default_factory=lambda: random.Random(1))

    @contextmanager
    def faulty(self, **faults: Any) -> Generator[None]:
        """These faults hold inside the block."""
        before = {name: getattr(self, name) for name in faults}
        for name, value in faults.items():
            setattr(self, name, value)
        if self.is_cut:
            self.call(self._break_off_all)
        try:
            yield
        finally:
            for name, value in before.items():
                setattr(self, name, value)
            self.call(self._break_off_broken)

    async def serve(self, near: anyio.abc.SocketStream) -> None:
        """One connection, to its end."""
        async with near:
            try:
                far = await anyio.connect_tcp("127.0.0.1", self.target_port)
            except OSError:
                return
            await self._pass_on(_Connection(near, far))

    async def _pass_on(self, connection: _Connection) -> None:
        self._open.add(connection)
        try:
            if self.is_cut:  # also meanwhile
                return
            async with anyio.create_task_group() as group:
                group.start_soon(self._copy, connection, connection.near, connection.far, "is_deaf_there")
                group.start_soon(self._copy, connection, connection.far, connection.near, "is_deaf_here")
        finally:
            self._open.discard(connection)
            await connection.close()

    async def _copy(
        self, connection: _Connection, source: anyio.abc.SocketStream, target: anyio.abc.SocketStream, deaf: str
    ) -> None:
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            while True:
                piece = await source.receive(_PIECE_BYTES)
                if self.latency_seconds:
                    await anyio.sleep(self.latency_seconds)
                if getattr(self, deaf):
                    connection.has_lost = True
                    continue
                if self.lost_part and self._chance.random() < self.lost_part:
                    self.lost += 1
                    break
                self.passed += 1
                await target.send(piece)
        if not connection.has_lost:
            await connection.close()

    async def _break_off_all(self) -> None:
        for connection in list(self._open):
            await connection.close()

    async def _break_off_broken(self) -> None:
        for connection in list(self._open):
            if connection.has_lost:
                await connection.close()


@contextmanager
def faulty_link() -> Generator[FaultyLink]:
    """A way to a control plane whose port is told as `target_port`."""
    with start_blocking_portal() as portal:
        listener = portal.call(partial(anyio.create_tcp_listener, local_host="127.0.0.1"))
        link = FaultyLink(f"http://127.0.0.1:{listener.extra(anyio.abc.SocketAttribute.local_port)}", call=portal.call)
        serving = portal.start_task_soon(listener.serve, link.serve)
        try:
            yield link
        finally:
            serving.cancel()
            portal.call(listener.aclose)
