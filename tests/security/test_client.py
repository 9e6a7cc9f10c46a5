"""Where our client sends a session: to its own origin, to a region that is the one it knows, and never in the clear."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from dlthub_tui.cli.exits import NOT_ALLOWED, code_of
from dlthub_tui.client.errors import (
    ClientError,
    ClocksDiffer,
    NotSignedIn,
    PinMismatch,
    PinsDamaged,
    UnsafeAddress,
    WrongOrigin,
)
from dlthub_tui.client.models import Workspace
from dlthub_tui.client.regions import Regions
from dlthub_tui.client.transport import Transport, origin_of
from dlthub_tui.session.store import SessionStore, StoredSession
from planes.data_plane.services.identity import Identity
from planes.server.listening import AppServer, listen_tcp
from planes.server.streams import Stopping
from planes.tokens.attestation import sign_statement
from planes.tokens.keys import SigningKey
from planes.wire.key_changes import MOST_CHANGES, KeyChange, StatedChange, change_bytes

pytestmark = pytest.mark.anyio
TOKEN = "a-session-that-is-for-one-origin"
WORKSPACE = "0b8e607e-7d6d-456c-a3cc-e652fefc0932"


@dataclass
class Server:
    """A server that remembers whatever it was sent. `key` signs who it is, `late` ago; `names` is a key that it names
    in place of that; `redirects_to` answers with that."""

    dataplane_id: str = "eu1"
    key: SigningKey = field(default_factory=SigningKey.generate)
    names: SigningKey | None = None
    key_changes: list[KeyChange] = field(default_factory=list)
    late: timedelta = timedelta()
    status: int = 200
    redirects_to: str | None = None
    url: str = ""
    received: list[tuple[str, str, str | None, bytes]] = field(default_factory=list)

    @property
    def tokens(self) -> list[str]:
        return [token for _, _, token, _ in self.received if token]

    def answer(self, path: str) -> dict[str, Any]:
        parts = urlsplit(path)
        if parts.path == "/.well-known/data-plane":
            identity = Identity(self.key, self.dataplane_id, "Europe", self.url)
            nonce = parse_qs(parts.query)["nonce"][0]
            said = identity.attest(nonce, datetime.now(UTC) - self.late).model_dump(mode="json")
            said["key_changes"] = [change.model_dump(mode="json") for change in self.key_changes]
            return said | ({"public_key": self.names.public.text} if self.names else {})
        return {"token": "region-token", "expires_at": int((datetime.now(UTC) + timedelta(minutes=9)).timestamp())}


@asynccontextmanager
async def serving(server: Server) -> AsyncGenerator[Server]:
    """Answers on a free port until the block ends."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # starting and stopping
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        request = Request(scope, receive)
        path = scope["raw_path"].decode() + (f"?{request.url.query}" if request.url.query else "")
        body = await request.body()
        server.received.append((request.method, path, request.headers.get("authorization"), body))
        answer: Response = JSONResponse(server.answer(path), server.status)
        if server.redirects_to:
            answer = RedirectResponse(server.redirects_to, 302)
        await answer(scope, receive, send)

    stopping = Stopping()
    with closing(listen_tcp("127.0.0.1", 0)) as listener:
        server.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        running = AppServer(app, [listener], stopping)
        async with anyio.create_task_group() as group:
            group.start_soon(running.serve)
            with anyio.fail_after(240):
                await running.wait_ready()
            try:
                yield server
            finally:
                running.stop()


class Session:
    async def bearer(self) -> str | None:
        return TOKEN

    async def renewed(self, rejected: str) -> str | None:
        return f"{rejected}-renewed"


@pytest.mark.parametrize(
    "url",
    ["http://planes.example", "http://10.0.0.1:8400", "http://127.0.0.1.example", "http://localhost.example",
     "http://0.0.0.0:8400", "http://[2001:db8::1]:8400", "ftp://127.0.0.1", "file:///etc/passwd", "//127.0.0.1", "",
     "http://[", "http://user@planes.example"],
)  # fmt: skip
async def test_plain_http_goes_to_this_machine_only(url: str) -> None:
    with pytest.raises(UnsafeAddress):
        Transport(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "http://r-1.localhost"])
async def test_this_machine_is_reached_without_encryption(url: str) -> None:
    assert origin_of(url).is_loopback


async def test_a_session_goes_to_no_other_origin() -> None:
    async with serving(Server()) as own, serving(Server()) as other:
        plane = Transport(own.url, Session())
        await plane.get("/api/v1/me")
        for address in (other.url, own.url.replace("127.0.0.1", "localhost"), "https://planes.example"):
            with pytest.raises(WrongOrigin):
                await plane.get(f"{address}/api/v1/me")
        await plane.aclose()

        assert own.tokens == [f"Bearer {TOKEN}"]
        assert other.received == []


async def test_a_redirect_is_not_followed() -> None:
    async with serving(Server()) as other, serving(Server(redirects_to=other.url)) as own:
        plane = Transport(own.url, Session())
        with pytest.raises(ClientError):
            await plane.get("/api/v1/me")
        await plane.aclose()

        assert other.received == []


async def test_a_refused_token_is_renewed_once() -> None:
    async with serving(Server(status=401)) as own:
        plane = Transport(own.url, Session())
        with pytest.raises(NotSignedIn):
            await plane.get("/api/v1/me")
        await plane.aclose()

        assert own.tokens == [f"Bearer {TOKEN}", f"Bearer {TOKEN}-renewed"]


def workspace_at(dataplane_id: str, url: str) -> Workspace:
    return Workspace(
        id=WORKSPACE, name="w", organization_id="11111111-0000-4000-8000-000000000000", dataplane_id=dataplane_id,
        dataplane_url=url, is_playground=False, archived_at=None, member_count=1,
    )  # fmt: skip


async def _asked(control: Server, region: Server, store: SessionStore, dataplane_id: str = "eu1") -> None:
    session = Transport(control.url, Session())
    regions = Regions(session, store.pins(control.url))
    try:
        plane = await regions.of(workspace_at(dataplane_id, region.url))
        await plane.get(f"/api/v1/workspaces/{WORKSPACE}/variables")
    finally:
        await regions.aclose()
        await session.aclose()


async def test_a_region_is_asked_who_it_is_before_it_gets_a_token(tmp_path: Path) -> None:
    store = SessionStore(tmp_path, uses_keyring=False)
    async with serving(Server()) as control, serving(Server()) as region:
        await _asked(control, region, store)

        assert region.received[0][1].startswith("/.well-known/data-plane?nonce=")
        assert region.received[0][2] is None
        assert region.tokens == ["Bearer region-token"]
        assert TOKEN not in str(region.received)


@pytest.mark.parametrize("difference", ["key", "signature", "name", "address"])
async def test_a_region_that_is_another_gets_nothing(tmp_path: Path, difference: str) -> None:
    store = SessionStore(tmp_path, uses_keyring=False)
    async with serving(Server()) as control, serving(Server()) as region, serving(Server()) as impostor:
        await _asked(control, region, store)
        minted = len(control.received)
        if difference not in {"key", "signature"}:
            impostor.key = region.key
        if difference == "signature":  # it knows the key that it is to have, and has another
            impostor.names = region.key
        if difference == "name":
            impostor.dataplane_id = "us1"
        if difference == "address":  # the true answer, passed on from somewhere else
            impostor.answer = region.answer

        with pytest.raises(PinMismatch):
            await _asked(control, impostor, SessionStore(tmp_path, uses_keyring=False))

        assert impostor.tokens == []
        assert {path.partition("?")[0] for _, path, _, _ in impostor.received} == {"/.well-known/data-plane"}
        assert len(control.received) == minted


def changed(*keys: SigningKey, signed_by: SigningKey | None = None, dataplane_id: str = "eu1") -> list[KeyChange]:
    """Each key in place of the one before, and signed by that."""
    found: list[KeyChange] = []
    for old, new in pairwise(keys):
        stated = StatedChange(
            dataplane_id=dataplane_id, old_key=old.public.text, new_key=new.public.text, at=datetime.now(UTC)
        )
        signature = sign_statement(signed_by or old, change_bytes(stated))
        found.append(KeyChange(**stated.model_dump(), signature=signature))
    return found


async def test_a_key_that_the_known_one_leads_to_is_known_from_then_on(tmp_path: Path) -> None:
    store = SessionStore(tmp_path, uses_keyring=False)
    keys = [SigningKey.generate() for _ in range(4)]
    async with serving(Server()) as control, serving(Server(key=keys[1])) as region:
        await _asked(control, region, store)
        region.key, region.key_changes = keys[3], changed(*keys)

        await _asked(control, region, SessionStore(tmp_path, uses_keyring=False))

        assert len(region.tokens) == 2
        ((_, pin),) = await store.known_pins(None)
        assert pin.public_key == keys[3].public.text
        region.key_changes = []  # it is known by itself now
        await _asked(control, region, store)


@pytest.mark.parametrize("fault", ["signature", "plane", "gap", "end", "beginning", "length"])
async def test_a_key_that_the_known_one_does_not_lead_to_gets_nothing(tmp_path: Path, fault: str) -> None:
    store = SessionStore(tmp_path, uses_keyring=False)
    known, key, new = (SigningKey.generate() for _ in range(3))
    changes = {
        "signature": changed(known, key, signed_by=new) + changed(key, new),
        "plane": changed(known, key, new, dataplane_id="us1"),
        "gap": changed(known, SigningKey.generate()) + changed(key, new),
        "end": changed(known, key),
        "beginning": changed(key, new),
        "length": changed(known, *(SigningKey.generate() for _ in range(MOST_CHANGES)), new),
    }[fault]
    async with serving(Server()) as control, serving(Server(key=known)) as region:
        await _asked(control, region, store)
        region.key, region.key_changes = new, changes

        with pytest.raises(PinMismatch):
            await _asked(control, region, SessionStore(tmp_path, uses_keyring=False))

        assert len(region.tokens) == 1
        ((_, pin),) = await store.known_pins(None)
        assert pin.public_key == known.public.text


@pytest.mark.parametrize(("late", "said"), [(6, "6 min"), (180, "3 h"), (60 * 24 * 400, "400 days")])
async def test_a_region_whose_clock_differs_gets_nothing_and_the_clock_is_named(
    tmp_path: Path, late: int, said: str
) -> None:
    async with serving(Server()) as control, serving(Server(late=timedelta(minutes=late))) as region:
        with pytest.raises(ClocksDiffer, match=f"clock is {said} ahead of eu1's") as caught:
            await _asked(control, region, SessionStore(tmp_path, uses_keyring=False))

        assert "Set this machine's by a time server" in caught.value.sentence
        assert code_of(caught.value) == NOT_ALLOWED
        assert region.tokens == []
        assert control.received == []


async def test_an_organization_stays_in_the_region_it_was_first_seen_in(tmp_path: Path) -> None:
    store = SessionStore(tmp_path, uses_keyring=False)
    async with serving(Server()) as control, serving(Server()) as region, serving(Server()) as other:
        await _asked(control, region, store)
        other.dataplane_id = "us1"
        with pytest.raises(PinMismatch, match="us1"):
            await _asked(control, other, SessionStore(tmp_path, uses_keyring=False), "us1")

        assert other.received == []


async def test_an_answer_for_another_question_is_refused(tmp_path: Path) -> None:
    async with serving(Server()) as control, serving(Server()) as region:
        region.answer = lambda path, answer=region.answer: answer("/.well-known/data-plane?nonce=an-older-question-0")
        with pytest.raises(PinMismatch):
            await _asked(control, region, SessionStore(tmp_path, uses_keyring=False))

        assert region.tokens == []


async def test_damaged_pins_trust_nobody_anew(tmp_path: Path) -> None:
    store = SessionStore(tmp_path, uses_keyring=False)
    async with serving(Server()) as control, serving(Server()) as region:
        await _asked(control, region, store)
        for path in tmp_path.glob("pins-*"):
            path.write_text("{")
        region.received.clear()
        with pytest.raises(PinsDamaged, match="damaged"):
            await _asked(control, region, store)

        assert region.tokens == []


async def test_a_stored_session_is_private_and_for_one_origin_and_key(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "client", uses_keyring=False)
    kept = StoredSession(origin="http://127.0.0.1:1", fingerprints=("a",), email="e", jwt="j", refresh_token="r")
    await store.save(kept)

    assert await store.find("http://127.0.0.1:1", ("a", "b")) == kept
    assert await store.find("http://127.0.0.1:2", ("a",)) is None
    assert await store.find("http://127.0.0.1:1", ("b",)) is None
    assert "refresh_token" not in repr(kept)
    assert {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "client").iterdir()} == {"0o600"}
    assert (tmp_path / "client").stat().st_mode & 0o077 == 0
