"""Careless and hostile requests to an app's origin: none makes the gateway fail, or the app out of reach after it."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator

import anyio
import pytest
from tests.fakes.apps import browser
from tests.integration.planes.data_plane.api.test_gateway import OpenApp, ask_to_open, region_of_apps, start
from tests.reliability.sizes import sized, tell

from planes.domain.identifiers import new_id

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(900)]
REQUESTS = sized(300, 6000)
SEED = 20261125

METHODS = (
    "GET",
    "GET",
    "GET",
    "POST",
    "HEAD",
    "OPTIONS",
    "PUT",
    "DELETE",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "get",
    "A" * 40,
)
PATHS = (
    "/", "/-/enter", "/-/enter?ticket=", "/-/enter?ticket=%00", "/-/enter?ticket=" + "x" * 5000, "/ws", "/ws?x=1",
    "/health", "/..%2f..%2fetc/passwd", "/%00", "/%ff%fe", "/a b", "//evil.example/", "http://evil.example/", "*",
    "/" + "a/" * 2000, "/?" + "&".join("a" for _ in range(500)), "/\\..\\", "/#x", "/;x=y", "/%", "/%zz", "/é",
    "/w/-live.js", "/.well-known/data-plane", "/openapi.json", "/-/enter/", "/-/ENTER", "/%2d/enter", "/?ticket=x",
    "/[::1]", "/{x}", "/<script>", "/\x7f", "?x", "x", "/a?b?c", "/'\"",
)  # fmt: skip
HEADERS = (
    "Origin: null", "Origin: http://evil.example", "Origin:", "Origin: http://[", "Cookie: a", "Cookie: =", "Cookie: ;",
    "Cookie: dlthub_tui_app", "Cookie: dlthub_tui_app=x.y.z", "Cookie: dlthub_tui_app=" + "x" * 9000,
    "Authorization: Bearer", "Authorization: Bearer a.b.c", "Authorization: Bearer ..", "Authorization: Basic eA==",
    "Authorization: bearer " + "a." * 300, "Connection: upgrade, cookie, host", "Connection: close", "TE: trailers",
    "Upgrade: h2c", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Version: 0", "Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Protocol: ,", "Expect: 100-continue",
    "Range: bytes=0-0", "Range: bytes=-", "Accept: text/html", "Content-Type: ;", "X-Forwarded-Host: evil.example",
    "Forwarded: host=evil.example", "Referer: http://evil.example/", "Referer: x", "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked", "Content-Length: 5", "Content-Length: 0", "Content-Length: -1",
    "Content-Length: 99999999999999999999", "X: " + "y" * 7000, "X: \x01", "X: é", "If-None-Match: *",
    "Accept-Encoding: \x7f", "Host: elsewhere.example", "Proxy-Authorization: x", "Keep-Alive: x", "Trailer: x",
)  # fmt: skip
SOCKET = (
    "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)  # fmt: skip
BODIES = (b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"0\r\n\r\n", b"\x00" * 64, b"ffffffffffffffff\r\n")


@pytest.fixture
async def app() -> AsyncGenerator[OpenApp]:
    async with region_of_apps() as place:
        lease = await start(place)
        await place.control.wait_status(lease, "running")
        opened = (await ask_to_open(place, lease)).json()
        async with browser(opened["origin"], follow_redirects=True) as client:
            assert (await client.get(opened["url"])).status_code == 200
            yield OpenApp(place=place, lease=lease, host=opened["origin"].removeprefix("http://"), browser=client)


def made_up(chance: random.Random, app: OpenApp, tokens: list[str]) -> bytes:
    """One request, signed in more often than not."""
    host = app.host
    if chance.random() < 0.1:
        host = chance.choice((f"r-{new_id().replace('-', '')}.{host.partition('.')[2]}", host.upper(), f"{host}."))
    method = chance.choice(METHODS) if chance.random() < 0.5 else "GET"
    lines = [f"{method} {chance.choice(PATHS)} HTTP/{chance.choice(('1.1', '1.1', '1.1', '1.0'))}"]
    lines.append(f"Host: {host}")
    if chance.random() < 0.3:
        lines += SOCKET
    if chance.random() < 0.7:
        lines.append(f"Cookie: {app.cookie}")
    elif chance.random() < 0.5:
        lines.append(f"Authorization: Bearer {chance.choice(tokens)}")
    lines += chance.sample(HEADERS, chance.choice((0, 1, 1, 2, 4)))
    if chance.random() < 0.5:
        lines.append(f"Origin: {app.origin}")
    body = chance.choice(BODIES) if chance.random() < 0.3 else b""
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def answered(port: int, request: bytes) -> int | None:
    """The status; None where the gateway waits for the rest of the request, or has closed."""
    async with await anyio.connect_tcp("127.0.0.1", port) as connection:
        await connection.send(request)
        with anyio.move_on_after(0.4):
            try:
                head = await connection.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return None
            if head.startswith(b"HTTP/1.1 "):
                return int(head[9:12])
    return None


async def test_no_request_makes_the_gateway_fail(app: OpenApp, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(SEED)  # the same requests each time
    port = int(app.host.rpartition(":")[2])
    tokens = [
        app.place.region.headers(role=role)["authorization"].removeprefix("Bearer ") for role in ("owner", "viewer")
    ]
    seen: dict[int | None, int] = {}
    bad: list[tuple[int, bytes]] = []
    for _ in range(REQUESTS):
        request = made_up(chance, app, tokens)
        status = await answered(port, request)
        seen[status] = seen.get(status, 0) + 1
        # 501 is the app's own word for a method that it does not know; 503 is said where the app closed the connection
        # under a request that may not be sent twice.
        is_safe = request.startswith((b"GET ", b"HEAD ", b"OPTIONS "))
        if status is not None and status >= 500 and status != 501 and (is_safe or status != 503):
            bad.append((status, request))

    printed = capsys.readouterr()
    with capsys.disabled():
        tell("gateway", f"{REQUESTS} requests: {dict(sorted(seen.items(), key=str))}")
    assert not bad, bad[:5]
    assert "Traceback" not in printed.out + printed.err
    assert "request failed" not in printed.out + printed.err
    assert (await app.browser.get("/")).status_code == 200
