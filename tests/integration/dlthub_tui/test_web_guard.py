"""`dlthub-tui web`: who gets a page or a WebSocket, asked of the real server."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from dlthub_tui.cli.web.guard import COOKIE, Guard
from dlthub_tui.cli.web.serving import served, take_port
from dlthub_tui.embed.serving import CannotStart

pytestmark = pytest.mark.anyio

PATHS = ("/", "/static/js/textual.js", "/page/page.css", "/nothing", "/static/", "/static/../../guard.py")


@dataclass
class Served:
    guard: Guard
    port: int
    client: httpx.AsyncClient

    async def get(self, path: str, *, host: str | None = None, **headers: str) -> httpx.Response:
        named = {"Host": self.guard.host if host is None else host, **headers}
        # Only the cookie that a test gives.
        self.client.cookies.clear()
        return await self.client.get(f"http://127.0.0.1:{self.port}{path}", headers=named)

    async def enter(self) -> str:
        """The Cookie header of a browser that had a link."""
        answer = await self.get(self.guard.new_link().removeprefix(self.guard.origin))
        assert answer.status_code == 200
        return answer.headers["set-cookie"].split(";")[0]

    async def knock(self, *, host: str | None = None, **headers: str) -> int:
        """The status that answers a WebSocket."""
        options: dict[str, Any] = {"host": "127.0.0.1", "port": self.port, "proxy": None}
        try:
            async with connect(f"ws://{host or self.guard.host}/ws", additional_headers=headers, **options):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code


@pytest.fixture
async def place() -> AsyncGenerator[Served]:
    listener, keeper = take_port(0)
    # Words that open nothing: an app process would end at once.
    with listener, keeper:
        async with served(listener, ["--nothing"]) as guard, httpx.AsyncClient(trust_env=False, timeout=240) as client:
            yield Served(guard, listener.getsockname()[1], client)


async def test_a_link_lets_one_browser_in_once(place: Served) -> None:
    path = place.guard.new_link().removeprefix(place.guard.origin)

    first = await place.get(path)
    again = await place.get(path)

    assert first.status_code == 200
    assert re.fullmatch(COOKIE + r"=[\w-]{43}; HttpOnly; Path=/; SameSite=Strict", first.headers["set-cookie"])
    assert again.status_code == 403
    assert "set-cookie" not in again.headers
    assert (await place.get("/", Cookie=first.headers["set-cookie"].split(";")[0])).status_code == 200


async def test_a_newer_link_makes_one_that_nobody_used_void(place: Served) -> None:
    older = place.guard.new_link().removeprefix(place.guard.origin)
    newer = place.guard.new_link().removeprefix(place.guard.origin)

    assert (await place.get(older)).status_code == 403
    assert (await place.get(newer)).status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_without_the_cookie_there_is_no_page(place: Served, path: str) -> None:
    await place.enter()

    for headers in ({}, {"Cookie": f"{COOKIE}="}, {"Cookie": f"{COOKIE}=guessed"}, {"Cookie": "other=1"}):
        answer = await place.get(path, **headers)
        assert answer.status_code == 403
        assert "textual" not in answer.text
    assert (await place.get("/?token=guessed")).status_code == 403
    assert (await place.get("/?token=")).status_code == 403


async def test_another_host_is_refused_also_with_cookie_and_link(place: Served) -> None:
    cookie = await place.enter()
    link = place.guard.new_link().removeprefix(place.guard.origin)
    port = place.port

    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "rebound.example", f"w-0.localhost:{port}", ""):
        for path in ("/", link):
            assert (await place.get(path, host=host, Cookie=cookie)).status_code == 421, (host, path)
    assert await place.knock(host="rebound.example", Cookie=cookie, Origin=place.guard.origin) == 421
    # The link was not spent by those.
    assert (await place.get(link)).status_code == 200


async def test_a_web_socket_needs_cookie_and_our_own_origin(place: Served) -> None:
    cookie = await place.enter()
    origin = place.guard.origin

    assert await place.knock(Origin=origin) == 403
    assert await place.knock(Origin=origin, Cookie=f"{COOKIE}=guessed") == 403
    assert await place.knock(Cookie=cookie) == 403
    for other in ("null", "http://rebound.example", f"http://127.0.0.1:{place.port}", origin.replace("http", "https")):
        assert await place.knock(Cookie=cookie, Origin=other) == 403, other
    assert await place.knock(Cookie=cookie, Origin=origin) == 101


async def test_answers_are_kept_to_this_page(place: Served) -> None:
    cookie = await place.enter()
    link = place.guard.new_link().removeprefix(place.guard.origin)

    for answer in (
        await place.get("/"), await place.get("/", host="x"), await place.get(link),
        *[await place.get(path, Cookie=cookie) for path in PATHS],
    ):  # fmt: skip
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "aiohttp" not in str(answer.headers)


async def test_pages_are_the_ones_that_there_are(place: Served) -> None:
    cookie = await place.enter()

    found = [(await place.get(path, Cookie=cookie)).status_code for path in PATHS]

    assert found == [200, 200, 200, 404, 403, 404]
    assert (await place.get("/?ping=http://elsewhere.example", Cookie=cookie)).headers["location"] == "/"


async def test_no_page_names_another_address(place: Served) -> None:
    cookie = await place.enter()

    for path in ("/", "/page/page.css", "/page/page.js"):
        text = (await place.get(path, Cookie=cookie)).text
        assert [found for found in re.findall(r"\w+://[^\"'/]+", text) if found != f"ws://{place.guard.host}"] == []


def test_only_127_0_0_1_listens_and_nobody_else_can_take_the_port() -> None:
    listener, keeper = take_port(0)
    with listener, keeper:
        port = listener.getsockname()[1]
        assert listener.getsockname()[0] == "127.0.0.1"
        with pytest.raises(CannotStart, match=f"Port {port} of this machine cannot be used: "):
            take_port(port)
        if keeper.family == socket.AF_INET6:
            with socket.socket(socket.AF_INET6) as other:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with pytest.raises(OSError, match=r"in use|not available"):
                    other.bind(("::1", port))
    again, its_keeper = take_port(port)
    again.close()
    its_keeper.close()


@pytest.mark.parametrize("port", [-1, 70000])
def test_a_port_that_is_none_is_said(port: int) -> None:
    with pytest.raises(CannotStart, match="there is no such port"):
        take_port(port)


def test_the_page_is_beside_the_program() -> None:
    import dlthub_tui.cli.web

    folder = Path(dlthub_tui.cli.web.__path__[0]) / "page"
    assert {path.name for path in folder.iterdir()} == {"index.html", "page.css", "page.js"}
