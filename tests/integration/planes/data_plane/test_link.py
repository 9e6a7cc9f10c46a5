"""The link's client: every call is signed, and whatever goes wrong is one of our errors."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import anyio
import httpx
import pytest
from tests.fakes.clock import FakeClock
from tests.fakes.control_plane import JOIN_TOKEN, FakeControlPlane

from planes.data_plane.link import Link, LinkAddress, Unanswered
from planes.domain.clock import SystemClock
from planes.domain.errors import (
    Conflict,
    InvalidRequest,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    PlaneError,
    Unavailable,
)
from planes.domain.identifiers import new_id
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import PublicKey, SigningKey
from planes.tokens.link_proof import verify_call
from planes.wire.link import ConfigurationReport, PollRequest, ReportedStatus, StatusReport

pytestmark = pytest.mark.anyio
REPORT = StatusReport(fence=1, status=ReportedStatus.RUNNING, at=datetime(2026, 1, 1, tzinfo=UTC))


def address(url: str) -> LinkAddress:
    return LinkAddress(dataplane_id="eu1", region="Europe", public_url="http://127.0.0.1:1", control_plane_url=url)


def answering(status: int, body: Any) -> Link:
    """A link whose control plane always answers this."""

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=body) if isinstance(body, bytes) else httpx.Response(status, json=body)

    transport = httpx.MockTransport(answer)
    return Link(address("http://control.test"), SigningKey.generate(), SystemClock(), transport=transport)


@pytest.fixture
async def control() -> AsyncGenerator[FakeControlPlane]:
    async with FakeControlPlane().serving() as serving:
        yield serving


async def test_enrolment_brings_the_keys(control: FakeControlPlane) -> None:
    key = SigningKey.generate()
    async with Link(address(control.url), key, SystemClock()) as link:
        answer = await link.enrol(JOIN_TOKEN)

    assert answer.keys == [control.key.public.text]
    assert control.dataplane_key == key.public


async def test_a_wrong_join_token_is_refused(control: FakeControlPlane) -> None:
    async with Link(address(control.url), SigningKey.generate(), SystemClock()) as link:
        with pytest.raises(NotAuthenticated):
            await link.enrol("wrong")


async def test_a_call_of_another_key_is_refused(control: FakeControlPlane) -> None:
    report = ConfigurationReport(
        workspace_id=new_id(),
        content_hash="A" * 43 + "=",
        file_count=0,
        size_bytes=0,
        profiles=[],
        created_by=new_id(),
        created_at=datetime.now(UTC),
    )
    async with Link(address(control.url), SigningKey.generate(), SystemClock()) as link:
        await link.enrol(JOIN_TOKEN)
        assert (await link.report_configuration(new_id(), report)).version == 1
    async with Link(address(control.url), SigningKey.generate(), SystemClock()) as stranger:
        with pytest.raises(NotAuthenticated):
            await stranger.report_configuration(new_id(), report)


async def test_the_proof_is_for_this_call_only() -> None:
    key, seen = SigningKey.generate(), []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    link = Link(address("http://control.test"), key, SystemClock(), transport=httpx.MockTransport(answer))
    async with link:
        await link.report_status(run := new_id(), REPORT)

    (request,) = seen
    token = request.headers["authorization"].removeprefix("Bearer ")
    public, now = PublicKey.parse(key.public.text), datetime.now(UTC)
    path = f"/link/v1/runs/{run}/status"
    verify_call(token, public, "PUT", path, request.content, now)
    for method, place, body in (
        ("POST", path, request.content), ("PUT", path + "x", request.content), ("PUT", path, request.content + b" "),
    ):  # fmt: skip
        with pytest.raises(InvalidToken):
            verify_call(token, public, method, place, body, now)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, InvalidRequest), (401, NotAuthenticated), (403, NotAllowed), (404, NotFound), (409, Conflict),
        (302, Unavailable), (429, Unavailable), (500, Unavailable), (502, Unavailable),
    ],
)  # fmt: skip
async def test_a_refusal_is_the_error_of_its_status(status: int, expected: type[PlaneError]) -> None:
    async with answering(status, {"code": "stale_fence", "detail": "no"}) as link:
        with pytest.raises(expected) as raised:
            await link.report_status(new_id(), REPORT)

    assert type(raised.value) is expected


@pytest.mark.parametrize(
    ("shift", "said"),
    [(3600, "3600 s behind the control"), (-3600, "3600 s ahead of the control"), (5, None), (-5, None)],
)
async def test_a_call_that_is_refused_where_clocks_differ_says_so(shift: int, said: str | None) -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    headers = {"date": format_datetime(now + timedelta(seconds=shift), usegmt=True)}
    body = {"code": "call_not_authenticated", "detail": "This call is not signed."}
    transport = httpx.MockTransport(lambda _: httpx.Response(401, json=body, headers=headers))
    link = Link(address("http://control.test"), SigningKey.generate(), FakeClock(now), transport=transport)

    with pytest.raises(Unavailable) as refused:
        await link.report_status("run", REPORT)

    found = refused.value.detail.removeprefix(
        "The control plane does not recognise this region. This call is not signed."
    )
    assert (said in found) if said else found == ""


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"code": 1}', b'{"detail": "Not Found"}'])
async def test_what_does_not_speak_as_the_control_plane_refuses_nothing(status: int, body: bytes) -> None:
    async with answering(status, body) as link:
        with pytest.raises(Unavailable, match=f"something else answered {status}"):
            await link.report_status(new_id(), REPORT)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"keys": 1, "more": 1}'])
async def test_an_answer_that_is_not_understood_is_no_answer(body: bytes) -> None:
    async with answering(200, body) as link:
        with pytest.raises(Unavailable):
            await link.enrol(JOIN_TOKEN)


async def test_a_control_plane_that_is_not_there_was_not_told() -> None:
    async with Link(address("http://127.0.0.1:9"), SigningKey.generate(), SystemClock()) as link:
        with pytest.raises(Unavailable) as raised:
            await link.report_status(new_id(), REPORT)

    assert not isinstance(raised.value, Unanswered)


async def test_a_connection_that_breaks_may_have_told_it() -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)

    async def hang_up(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()

    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, hang_up)
        async with Link(address(f"http://127.0.0.1:{port}"), SigningKey.generate(), SystemClock()) as link:
            with pytest.raises(Unanswered):
                await link.report_status(new_id(), REPORT)
        group.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("is_poll", "late_and_limits"),
    [
        (False, [(30, 15), (30, 30), (30, 60), (30, 60), (100, 60), (1, 60), (1, 15)]),
        (True, [(55, 35), (55, 70), (100, 90), (1, 90), (1, 35)]),
    ],
)
async def test_what_is_said_until_it_is_heard_is_waited_for_longer_where_answers_are_always_late(
    is_poll: bool, late_and_limits: list[tuple[float, float]]
) -> None:
    clock, limits = FakeClock(), list[float]()
    late_seconds = iter([late for late, _ in late_and_limits])

    def answer(request: httpx.Request) -> httpx.Response:
        limits.append(limit := request.extensions["timeout"]["read"])
        late = next(late_seconds)
        clock.advance(seconds=min(late, limit))
        if late >= limit:
            raise httpx.ReadTimeout("nothing came", request=request)
        return httpx.Response(200, json={"leases": [], "cancels": [], "epoch": 0, "revocations": [], "keys": []})

    transport = httpx.MockTransport(answer)
    poll = PollRequest(free_slots=1, held=[], url="http://127.0.0.1:1", epoch=0)
    async with Link(address("http://control.test"), SigningKey.generate(), clock, transport=transport) as link:
        for _ in late_and_limits:
            with suppress(Unanswered):
                await (link.poll(poll) if is_poll else link.report_status("run", REPORT))

    assert limits == [limit for _, limit in late_and_limits]
