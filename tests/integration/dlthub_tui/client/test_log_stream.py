"""Following a log when what answers is broken, or does not answer any more."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from dlthub_tui.client import logs
from dlthub_tui.client.errors import ClientError, TimedOut, UnexpectedAnswer
from dlthub_tui.client.transport import Transport
from planes.server.streams import KEEP_ALIVE_SECONDS

pytestmark = pytest.mark.anyio
LINE = b'event: log\ndata: {"line_num": 0, "content": "one", "io_stream": "stdout", "source": "user"}\n\n'


@asynccontextmanager
async def region(*chunks: bytes) -> AsyncGenerator[Transport]:
    """Answers each request with these pieces of a stream that it never ends."""

    async def answer(client: SocketStream) -> None:
        async with client:
            await client.receive()
            await client.send(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            for chunk in chunks:
                await client.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            await anyio.sleep_forever()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, answer)
        plane = Transport(f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}")
        try:
            yield plane
        finally:
            await plane.aclose()
            group.cancel_scope.cancel()


async def fails_after_one_line(plane: Transport) -> ClientError:
    async with aclosing(logs.follow(plane, "w", "r", 0)) as lines:
        with anyio.fail_after(240):
            assert (await anext(lines)).content == "one"
            with pytest.raises(ClientError) as raised:
                await anext(lines)
    return raised.value


async def test_a_region_that_says_nothing_at_all_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SILENCE_SECONDS", 0.5)

    async with region(LINE) as plane:
        assert isinstance(await fails_after_one_line(plane), TimedOut)


def test_silence_that_a_region_fills_is_no_end() -> None:
    assert logs.SILENCE_SECONDS > 2 * KEEP_ALIVE_SECONDS


@pytest.mark.parametrize(
    "broken", [b"event: log\ndata: {\n\n", b"event: log\ndata: 7\n\n", b"event: error\ndata: [\n\n"]
)
async def test_an_answer_that_is_none_is_said(broken: bytes) -> None:
    async with region(LINE, broken) as plane:
        assert isinstance(await fails_after_one_line(plane), UnexpectedAnswer)
