"""Heads of requests that are too large or are none: our error body, over a raw socket, and no memory for them."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from collections.abc import AsyncGenerator

import anyio
import pytest
from tests.integration.planes.server.test_application import Running, serving

from planes.server.protocol import MAXIMUM_HEAD_BYTES

pytestmark = pytest.mark.anyio
HOST = b"Host: 127.0.0.1\r\n"


@pytest.fixture
async def running() -> AsyncGenerator[Running]:
    async with serving() as started:
        yield started


async def _answer(running: Running, *pieces: bytes) -> tuple[int, dict[str, str], bytes]:
    """Sends pieces until the server closes, and reads its answer."""
    async with await anyio.connect_tcp("127.0.0.1", running.port) as stream:
        raw = b""
        with anyio.fail_after(240):
            async with anyio.create_task_group() as group:

                async def send() -> None:
                    try:
                        for piece in pieces:
                            await stream.send(piece)
                    except anyio.BrokenResourceError:
                        return

                group.start_soon(send)
                try:
                    while b"\r\n\r\n" not in raw or not raw.endswith(b"}"):
                        raw += await stream.receive()
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    pass
                group.cancel_scope.cancel()
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), headers, body


def _of(*parts: bytes) -> bytes:
    return b"".join(parts)


@pytest.mark.parametrize(
    ("pieces", "status", "code"),
    [
        ([_of(b"GET /", b"a" * 100_000, b" HTTP/1.1\r\n", HOST, b"\r\n")], 414, "address_too_long"),
        ([b"GET /page?q=", *[b"a" * 4096] * 40], 414, "address_too_long"),
        ([_of(b"GET /page HTTP/1.1\r\n", HOST, b"x-long: ", b"b" * 100_000, b"\r\n\r\n")], 431, "headers_too_large"),
        ([_of(b"GET /page HTTP/1.1\r\n", HOST, b"x-long: "), *[b"b" * 4096] * 40], 431, "headers_too_large"),
        ([b"GET /page HTTP/1.1\r\n", HOST, *[b"x-%d: y\r\n" % number for number in range(9000)]], 431,
         "headers_too_large"),
        ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], 400, "bad_request"),
        ([b"GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n"], 400, "bad_request"),
        ([b"GET /page HTTP/1.1\r\nno header\r\n\r\n"], 400, "bad_request"),
    ],
)  # fmt: skip
async def test_what_is_no_request_gets_the_error_body(
    running: Running, pieces: list[bytes], status: int, code: str
) -> None:
    found, headers, body = await _answer(running, *pieces)
    error = json.loads(body)

    assert (found, error["status_code"], error["code"]) == (status, status, code)
    assert set(error) == {"status_code", "code", "detail", "extra"}
    assert (headers["content-type"], headers["connection"]) == ("application/json", "close")
    assert int(headers["content-length"]) == len(body)
    assert (await running.client.get("/page")).status_code == 200


async def test_a_head_just_below_the_limit_is_taken(running: Running) -> None:
    answer = await running.client.get("/page", headers={"x-long": "a" * (MAXIMUM_HEAD_BYTES - 1000)})
    body = b'{"name": "a", "count": 1}' + b" " * 1_000_000
    large = await running.client.post("/body", content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, large.status_code) == (200, 200)


_CHUNKED = b"POST /body HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
_CHUNK = b'19\r\n{"name": "a", "count": 1}\r\n'


async def test_what_follows_a_body_is_no_header(running: Running) -> None:
    """A proxy that sets or checks Host, X-Forwarded-For and Authorization passes it on."""
    trailers = b"Host: other.example\r\nContent-Encoding: gzip\r\nX-Forwarded-For: 192.0.2.1\r\n"
    found, _, body = await _answer(running, _CHUNKED + _CHUNK + b"0\r\n" + trailers + b"\r\n")

    assert (found, json.loads(body)["name"]) == (200, "a")


@pytest.mark.parametrize("piece", [b"x-a: " + b"b" * 65_000 + b"\r\n", b"b" * 65_536], ids=["many", "one"])
async def test_what_follows_a_body_without_end_is_not_kept(running: Running, piece: bytes) -> None:
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    raw = b""
    async with await anyio.connect_tcp("127.0.0.1", running.port) as stream:
        with anyio.fail_after(240), contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            await stream.send(_CHUNKED + _CHUNK + b"0\r\nx-a: b")
            for _ in range(500):
                await stream.send(piece)
            raw = await stream.receive()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()

    assert raw == b""
    assert peak < 8 * 1024 * 1024


async def test_a_head_without_end_is_not_kept(running: Running) -> None:
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    await _answer(running, b"GET /page HTTP/1.1\r\nx-long: ", *[b"b" * 65_536] * 500)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()

    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize(
    ("begun", "status"),
    [
        (b"", None),
        (b"GET /page HT", b"HTTP/1.1 408 "),
        (b"GET /page HTTP/1.1\r\n" + HOST + b"\r\nGET /page HT", b"HTTP/1.1 200 "),
        (b"POST /body HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{", None),
    ],
    ids=["nothing", "half a head", "half a second head", "half a body"],
)
async def test_what_is_begun_and_not_sent_is_not_waited_for(
    running: Running, monkeypatch: pytest.MonkeyPatch, begun: bytes, status: bytes | None
) -> None:
    for name in ("HEAD_SECONDS", "BODY_SECONDS"):
        monkeypatch.setattr(f"planes.server.protocol.{name}", 0.2)
    raw = b""
    async with await anyio.connect_tcp("127.0.0.1", running.port) as stream:
        await stream.send(begun)
        with anyio.fail_after(240), contextlib.suppress(anyio.EndOfStream):
            while True:
                raw += await stream.receive()

    assert raw.startswith(status) if status else not raw
    assert (await running.client.get("/page")).status_code == 200


async def test_a_body_in_drops_is_not_waited_for_and_a_slow_one_that_comes_is(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes soon after the one before; only one of the two bodies gets anywhere."""
    monkeypatch.setattr("planes.server.protocol.BODY_SECONDS", 0.5)
    monkeypatch.setattr("planes.server.protocol.BODY_PIECE_BYTES", 1000)
    head = b"POST /body HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: 20025\r\n\r\n"

    async def send(piece: bytes, count: int) -> bytes:
        async with await anyio.connect_tcp("127.0.0.1", running.port) as stream:
            with anyio.fail_after(240), contextlib.suppress(anyio.BrokenResourceError, anyio.EndOfStream):
                await stream.send(head + b'{"name": "a", "count": 1}')
                for _ in range(count):
                    await stream.send(piece)
                    await anyio.sleep(0.05)
                return await stream.receive()
        return b""

    drops, pieces = await send(b" ", 20_000), await send(b" " * 1000, 20)

    assert drops == b""
    assert pieces.startswith(b"HTTP/1.1 200 ")
