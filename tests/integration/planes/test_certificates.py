"""Who calls a control plane over TLS says what is wrong with its certificate, and trusts a private authority."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
from tests.fakes.receivers import make_certificate

from dlthub_tui.client.errors import NotFound as ClientNotFound
from dlthub_tui.client.errors import UnknownAuthority
from dlthub_tui.client.transport import Transport
from planes.data_plane.link import Link, LinkAddress
from planes.domain.clock import SystemClock
from planes.domain.errors import NotFound, Unavailable
from planes.tokens.keys import SigningKey

pytestmark = pytest.mark.anyio
_BODY = b'{"code": "no_such_thing", "detail": "There is nothing here."}'  # as a control plane speaks, and no proxy
_ANSWER = b"HTTP/1.1 404 Not Found\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (len(_BODY), _BODY)


@pytest.fixture
async def url(tmp_path: Path) -> AsyncGenerator[str]:
    """Whoever trusts `certificate.pem` there is told that there is nothing."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_ANSWER)
        writer.close()

    context = make_certificate(tmp_path).server_context()
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"
    gc.collect()


async def region_asks(url: str) -> None:
    address = LinkAddress(dataplane_id="eu1", region="Europe", public_url="https://eu1.test", control_plane_url=url)
    async with Link(address, SigningKey.generate(), SystemClock()) as link:
        await link.enrol("a token")


async def app_asks(url: str) -> None:
    transport = Transport(url)
    try:
        await transport.get("/anything")
    finally:
        await transport.aclose()


@pytest.mark.parametrize(("ask", "refused"), [(region_asks, Unavailable), (app_asks, UnknownAuthority)])
async def test_a_certificate_of_nobody_known_is_named_as_the_reason(
    url: str, ask: Callable[[str], Awaitable[None]], refused: type[Exception]
) -> None:
    with pytest.raises(refused, match="its certificate is not accepted: self-signed certificate"):
        await ask(url)


@pytest.mark.parametrize(("ask", "answered"), [(region_asks, NotFound), (app_asks, ClientNotFound)])
async def test_an_authority_of_ones_own_is_trusted(
    url: str,
    ask: Callable[[str], Awaitable[None]],
    answered: type[Exception],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))

    with pytest.raises(answered):
        await ask(url)
