"""The plumbing over a real server on a real socket: error bodies, checks, streams, the unix socket's peer."""

from __future__ import annotations

import asyncio
import errno
import gzip
import os
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel

from planes.domain.errors import Conflict, InvalidRequest, PlaneError, Reason, TooLarge
from planes.server.application import build_application
from planes.server.listening import AppServer, listen_tcp
from planes.server.paging import PageQuery, envelope
from planes.server.protocol import peer_of
from planes.server.streams import Stopping, event_stream_response, ndjson_response
from planes.storage.keyset import Listed
from planes.unix_sockets.listening import listen_unix

pytestmark = pytest.mark.anyio
SECRET = "s3cr3t-input"


class Body(BaseModel):
    name: str
    count: int


@dataclass
class Running:
    client: httpx.AsyncClient
    stopping: Stopping
    server: AppServer
    socket_path: Path
    port: int
    given: list[int]


def make_app(stopping: Stopping, given: list[int] | None = None) -> FastAPI:
    """`given` gets the size of each piece of an endless answer."""
    app = build_application(title="test", version="1", host_names=lambda: frozenset({"127.0.0.1"}), grants={})
    app.state.cursor_key = b"key"
    pages = PageQuery("name")

    @app.post("/body")
    async def body(value: Body) -> dict[str, str]:
        return {"name": value.name}

    @app.get("/body")
    async def nothing() -> None: ...

    things = APIRouter(prefix="/things")

    @things.post("/-verb")
    async def verb() -> None: ...

    @things.get("/{number}")
    async def thing(number: int) -> int:
        return number

    @things.delete("/{number}")
    async def remove(number: int) -> None: ...

    app.include_router(things)

    @app.get("/large")
    async def large() -> Response:
        return Response(b"x" * (64 << 20))

    @app.get("/fails/{what}")
    async def fails(what: str) -> None:
        raised: dict[str, Exception] = {
            "invalid": InvalidRequest("bad_name", "The name is bad.", (Reason(key="name", message="too short"),)),
            "conflict": Conflict("not_now", "Not now."),
            "large": TooLarge("too_large", "x"),
            "crash": RuntimeError(SECRET),
            "full": OSError(errno.ENOSPC, SECRET),
            "broken": OSError(errno.EIO, SECRET),
        }
        raise raised[what]

    @app.get("/page")
    async def page(request: Request) -> dict[str, Any]:
        query = request.query_params
        asked = await pages(
            request, limit=int(query.get("limit", 100)), offset=int(query.get("offset", 0)), cursor=query.get("cursor"),
            sort=query.getlist("sort"), order=query.getlist("order"),  # pyright: ignore[reportArgumentType]
        )  # fmt: skip
        first = asked.offset if asked.after is None else asked.after[0] + 1
        rows = [*range(25)][first : first + asked.limit]
        last = (rows[-1],) if first + asked.limit < 25 else None
        return envelope(rows, asked, Listed(rows, 25, last))

    @app.get("/from")
    async def address(request: Request) -> dict[str, str]:
        assert request.client is not None
        return {"host": request.client.host, "scheme": request.url.scheme}

    @app.get("/peer")
    async def peer(request: Request) -> dict[str, int | None]:
        found = peer_of(request.scope)
        return {"uid": found.uid if found else None}

    @app.get("/events")
    async def events() -> Any:
        async def generate() -> AsyncGenerator[bytes]:
            yield b'event: log\ndata: {"n": 1}\n\n'
            await anyio.sleep_forever()

        return event_stream_response(generate(), stopping)

    @app.get("/lines")
    async def lines() -> Any:
        async def generate() -> AsyncGenerator[bytes]:
            for number in range(3):
                yield b'{"n": %d}\n' % number

        return ndjson_response(generate(), stopping)

    @app.get("/endless")
    async def endless() -> Any:
        async def generate() -> AsyncGenerator[bytes]:
            while given is not None:
                given.append(16 * 1024)
                yield b"x" * given[-1]

        return ndjson_response(generate(), stopping)

    return app


@pytest.fixture
async def running() -> AsyncGenerator[Running]:
    async with serving() as started:
        yield started


@asynccontextmanager
async def serving(*, trusted_proxies: str = "", grace_seconds: int = 90) -> AsyncGenerator[Running]:
    stopping = Stopping()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.sock"
        tcp, unix = listen_tcp("127.0.0.1", 0), listen_unix(path)
        port = tcp.getsockname()[1]
        given: list[int] = []
        app = make_app(stopping, given)
        server = AppServer(app, [tcp, unix], stopping, grace_seconds=grace_seconds, trusted_proxies=trusted_proxies)
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve)
            with anyio.fail_after(240):
                await server.wait_ready()
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=240) as client:
                yield Running(client, stopping, server, path, port, given)
            server.stop()
        for listener in (tcp, unix):
            listener.close()


async def test_a_server_that_nobody_asks_wakes_for_nothing(running: Running) -> None:
    await anyio.wait_all_tasks_blocked()

    assert getattr(asyncio.get_running_loop(), "_scheduled") == []  # noqa: B009 - only the loop knows its timers


async def test_each_answer_says_when_it_was_made(running: Running) -> None:
    begun = datetime.now(UTC).replace(microsecond=0)
    for path in ("/body", "/nowhere"):
        said = (await running.client.get(path)).headers.get_list("date")

        assert [begun <= parsedate_to_datetime(each) <= datetime.now(UTC) for each in said] == [True]


@pytest.mark.parametrize(
    ("proxies", "told"),
    [("", ("127.0.0.1", "http")), ("10.0.0.0/8", ("127.0.0.1", "http")), ("127.0.0.0/8", ("192.0.2.7", "https"))],
)
async def test_only_a_trusted_proxy_says_where_a_request_comes_from(proxies: str, told: tuple[str, str]) -> None:
    """Else whoever guesses passwords or codes would be somebody else with each try."""
    async with serving(trusted_proxies=proxies) as running:
        headers = {"x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https"}
        answer = (await running.client.get("/from", headers=headers)).json()

    assert (answer["host"], answer["scheme"]) == told


async def test_a_validation_error_names_the_field_and_never_the_value(running: Running) -> None:
    answer = await running.client.post("/body", json={"name": "x", "count": SECRET})

    assert answer.status_code == 400
    assert answer.json()["extra"][0]["key"] == "count"
    assert SECRET not in answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_a_body_that_is_not_said_to_be_json_is_refused_with_what_to_do(
    running: Running, kind: str | None
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await running.client.post("/body", content=b'{"name": "pear", "count": 1}', headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    [reason] = answer.json()["extra"]
    assert reason["key"] == "body"
    assert "Content-Type: application/json" in reason["message"]
    assert "pear" not in answer.text


async def test_broken_json_answers_400(running: Running) -> None:
    headers = {"content-type": "application/json"}
    answer = await running.client.post("/body", content=b"{" + SECRET.encode(), headers=headers)

    assert answer.status_code == 400
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("what", "status"), [("invalid", 400), ("conflict", 409), ("crash", 500), ("full", 507), ("broken", 500)]
)
async def test_errors_answer_with_the_error_body(running: Running, what: str, status: int) -> None:
    answer = await running.client.get(f"/fails/{what}")

    assert answer.status_code == status
    assert answer.json()["status_code"] == status
    assert SECRET not in answer.text


async def test_too_large_answers_exactly_what_the_client_knows(running: Running) -> None:
    expected = {"status_code": 413, "detail": "Request Entity Too Large"}

    assert (await running.client.get("/fails/large")).json() == expected
    big = await running.client.post("/body", content=b"x" * (5 * 1024 * 1024))
    assert (big.status_code, big.json()) == (413, expected)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "identity, gzip", "x-unknown"])
async def test_a_compressed_body_is_refused_with_what_to_do(running: Running, coding: str) -> None:
    content = gzip.compress(b'{"name": "a", "count": 1}')

    answer = await running.client.post(
        "/body", content=content, headers={"content-type": "application/json", "content-encoding": coding}
    )

    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"
    assert "without Content-Encoding" in answer.json()["detail"]
    assert answer.headers["accept-encoding"] == "identity"


async def test_a_body_that_says_it_is_plain_is_taken(running: Running) -> None:
    answer = await running.client.post(
        "/body", json={"name": "a", "count": 1}, headers={"content-encoding": "identity"}
    )

    assert answer.status_code == 200


async def test_a_chunked_body_is_bounded_too(running: Running) -> None:
    async def chunks() -> AsyncGenerator[bytes]:
        for _ in range(6):
            yield b"x" * (1024 * 1024)

    answer = await running.client.post("/body", content=chunks(), headers={"content-type": "application/json"})

    assert answer.status_code == 413


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/body", 405)])
async def test_unknown_routes_answer_with_the_error_body(running: Running, method: str, path: str, status: int) -> None:
    answer = await running.client.request(method, path)

    assert (answer.status_code, answer.json()["status_code"]) == (status, status)


@pytest.mark.parametrize(
    ("agent", "path", "status"),
    [
        ("dlt-runtime-cli/0.28.4", "/nowhere", 426), ("dlthub-cli/0.28.6", "/nowhere", 426),
        ("dlthub-mcp/0.9.12 more", "/nowhere", 426), ("dlthub-cli/0.28.7", "/nowhere", 404),
        ("dlthub-python-sdk/1.0.0", "/nowhere", 404), ("dlthub-cli/0.28", "/nowhere", 404),
        ("curl/8.0.1", "/nowhere", 404), ("python-httpx/0.28.1", "/auth/v1/workos/device-flow/code", 426),
    ],
)  # fmt: skip
async def test_a_client_of_another_protocol_is_told_to_upgrade(
    running: Running, agent: str, path: str, status: int
) -> None:
    answer = await running.client.post(path, headers={"User-Agent": agent})

    assert answer.status_code == answer.json()["status_code"] == status
    assert answer.headers.get("x-dlthub-min-client-version") == ("0.28.7" if status == 426 else None)
    assert ("upgrade it" in answer.json()["detail"]) is (status == 426)


@pytest.mark.parametrize(("agent", "status"), [("dlthub-cli/0.28.6", 426), ("dlthub-cli/0.28.7", 200)])
async def test_a_client_of_another_protocol_is_not_half_served(running: Running, agent: str, status: int) -> None:
    """At addresses that both protocols have the answers differ, too."""
    answer = await running.client.get("/things/7", headers={"User-Agent": agent})

    assert answer.status_code == status
    assert ("upgrade it" in answer.text) is (status == 426)


async def test_head_is_get_without_its_body(running: Running) -> None:
    got, headed = await running.client.get("/things/7"), await running.client.head("/things/7")
    missing, only_posted = await running.client.head("/nowhere"), await running.client.head("/things/-verb")

    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["content-length"] == got.headers["content-length"] == "1"
    assert (missing.status_code, missing.content, only_posted.status_code) == (404, b"", 405)
    assert (await running.client.get("/things/7")).text == "7", "the connection is as it was"


async def test_head_of_an_endless_answer_ends_at_once_and_ends_what_makes_it(running: Running) -> None:
    with anyio.fail_after(240):
        headed = await running.client.head("/endless")
        pieces = len(running.given)
        again = await running.client.head("/endless")

    assert (headed.status_code, headed.content, again.status_code) == (200, b"", 200)
    assert pieces <= 1


async def test_head_spends_no_code(running: Running) -> None:
    assert (await running.client.head("/things/7?a=1&swap=code")).status_code == 405


async def test_a_foreign_host_is_misdirected_and_a_foreign_origin_refused(running: Running) -> None:
    assert (await running.client.get("/peer", headers={"host": "evil.example"})).status_code == 421
    foreign = await running.client.post("/body", json={}, headers={"origin": "http://evil.example"})
    assert foreign.status_code == 403
    own = {"origin": str(running.client.base_url).rstrip("/")}
    assert (await running.client.post("/body", json={"name": "a", "count": 1}, headers=own)).status_code == 200


@pytest.mark.parametrize("hosts", [("127.0.0.1", "elsewhere.example"), ("elsewhere.example", "127.0.0.1"), ()])
async def test_a_request_without_exactly_one_host_is_misdirected(running: Running, hosts: tuple[str, ...]) -> None:
    lines = ["GET /body HTTP/1.1", *(f"Host: {host}" for host in hosts), "Connection: close", "", ""]
    async with await anyio.connect_tcp("127.0.0.1", running.port) as connection:
        await connection.send("\r\n".join(lines).encode())
        answer = await connection.receive()

    assert answer.startswith(b"HTTP/1.1 421 "), answer


async def test_the_unix_socket_tells_who_is_there(running: Running) -> None:
    transport = httpx.AsyncHTTPTransport(uds=str(running.socket_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        over_socket = (await client.get("/peer")).json()

    assert over_socket == {"uid": os.getuid()}
    assert (await running.client.get("/peer")).json() == {"uid": None}


async def test_the_openapi_document_knows_no_422(running: Running) -> None:
    document = (await running.client.get("/openapi.json")).json()

    responses = document["paths"]["/body"]["post"]["responses"]
    assert "422" not in responses
    assert "400" in responses
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_pages_walk_by_cursor_to_the_end(running: Running) -> None:
    seen: list[int] = []
    parameters: dict[str, Any] = {"limit": 10}
    while True:
        page = (await running.client.get("/page", params=parameters)).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        parameters = {"limit": 10, "cursor": page["next_cursor"]}

    assert seen == [*range(25)]


@pytest.mark.parametrize(
    "query", ["sort=name", "sort=size&order=asc", "cursor=%21%21", "cursor=eyJvIjogLTF9", "cursor=eyJvIjogMX0&offset=3"]
)
async def test_a_page_that_cannot_be_is_refused(running: Running, query: str) -> None:
    assert (await running.client.get(f"/page?{query}")).status_code == 400


async def test_an_ndjson_stream_arrives_whole(running: Running) -> None:
    answer = await running.client.get("/lines")

    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.text == '{"n": 0}\n{"n": 1}\n{"n": 2}\n'


async def test_an_open_stream_does_not_hold_up_the_stop() -> None:
    async with serving() as running, running.client.stream("GET", "/events") as answer:
        received = answer.aiter_bytes()
        first = await anext(received)
        running.server.stop()
        with anyio.fail_after(240):
            rest = [chunk async for chunk in received]

    assert first == b'event: log\ndata: {"n": 1}\n\n'
    assert rest == []


async def test_a_document_that_the_stop_cuts_short_does_not_look_whole() -> None:
    async with serving() as running, running.client.stream("GET", "/endless") as answer:
        received = answer.aiter_raw()
        await anext(received)
        running.server.stop()
        with anyio.fail_after(240), pytest.raises(httpx.RemoteProtocolError):
            _ = [chunk async for chunk in received]


async def test_little_is_held_for_a_client_that_does_not_read(running: Running) -> None:
    with socket.socket() as idle:
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idle.connect(("127.0.0.1", running.port))
        idle.sendall(f"GET /endless HTTP/1.1\r\nhost: 127.0.0.1:{running.port}\r\n\r\n".encode())
        while not running.given:
            await anyio.sleep(0.001)
        seen = -1
        while len(running.given) > seen:  # until nothing more is taken
            seen = len(running.given)
            for _ in range(20):
                await (await running.client.get("/peer")).aread()

    assert 0 < sum(running.given) <= 256 * 1024


async def test_the_stop_leaves_no_connection_of_a_client_that_does_not_read() -> None:
    with socket.socket() as idle:
        async with serving(grace_seconds=1) as running:
            idle.connect(("127.0.0.1", running.port))
            idle.sendall(f"GET /large HTTP/1.1\r\nhost: 127.0.0.1:{running.port}\r\n\r\n".encode())
            with anyio.fail_after(240):
                await anyio.wait_readable(idle)
            connections = running.server._server.server_state.connections
            assert connections

    assert not connections


async def test_a_client_that_leaves_ends_its_stream() -> None:
    async with serving() as running:
        async with running.client.stream("GET", "/events") as answer:
            await anext(answer.aiter_bytes())
        # The server's stop would wait for a stream that nobody ended.
        with anyio.fail_after(240):
            running.server.stop()


def test_a_taken_port_is_said(free_listener: socket.socket) -> None:
    with pytest.raises(PlaneError, match="taken"):
        listen_tcp("127.0.0.1", free_listener.getsockname()[1])


@pytest.fixture
def free_listener() -> Any:
    listener = listen_tcp("127.0.0.1", 0)
    yield listener
    listener.close()


async def test_405_names_every_method_of_the_path(running: Running) -> None:
    paths = ("/body", "/things/1", "/things/-verb")
    answers = [await running.client.patch(path) for path in paths]

    assert [answer.status_code for answer in answers] == [405, 405, 405]
    assert [answer.headers["allow"] for answer in answers] == ["GET, POST", "DELETE, GET", "POST"]


async def test_a_verb_asked_by_another_method_answers_405_and_a_bad_id_400(running: Running) -> None:
    verb = await running.client.get("/things/-verb")
    bad = await running.client.get("/things/many")

    assert (verb.status_code, verb.headers["allow"]) == (405, "POST")
    assert bad.status_code == 400
