"""A real control plane in this process, empty, with ways to be somebody in it.

Requests go through the whole application; only time stands still until a test moves it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.fakes.clock import FakeClock

from planes.control_plane.app import ControlPlane, open_control_plane
from planes.control_plane.services.parts import Parts
from planes.server.protocol import PEER, Peer
from planes.settings import ControlPlaneSettings
from planes.tokens.keys import SigningKey
from planes.tokens.link_proof import sign_call

PUBLIC_URL = "http://127.0.0.1:8400"
OWNER = "ana@orchard.example"
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Caller:
    """Somebody with a session."""

    user_id: str
    email: str
    jwt: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.jwt}"}


class OverSocket:
    """The application as the home's socket serves it: every request has a peer."""

    def __init__(self, app: ASGIApp, uid: int) -> None:
        self._app = app
        self._peer = Peer(pid=1, uid=uid, gid=uid)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "extensions": {PEER: self._peer}}, receive, send)


@dataclass(kw_only=True)
class IdentityStage:
    plane: ControlPlane
    clock: FakeClock
    client: httpx.AsyncClient
    owner_key_file: Path
    keys: dict[str, SigningKey] = field(default_factory=dict)

    @property
    def parts(self) -> Parts:
        return self.plane.parts

    async def ask(self, method: str, path: str, by: Caller | str | None = None, /, **options: Any) -> httpx.Response:
        """One request, as a caller or with a key."""
        headers = {}
        if by is not None:
            headers["authorization"] = f"Bearer {by if isinstance(by, str) else by.jwt}"
        return await self.client.request(method, path, headers=headers | options.pop("headers", {}), **options)

    async def get(self, path: str, by: Caller | str | None = None, /, **query: Any) -> httpx.Response:
        return await self.ask("GET", path, by, params=query)

    async def post(self, path: str, by: Caller | str | None = None, body: Any = None) -> httpx.Response:
        return await self.ask("POST", path, by, json=body) if body is not None else await self.ask("POST", path, by)

    @asynccontextmanager
    async def socket(self, uid: int | None = None) -> AsyncGenerator[httpx.AsyncClient]:
        """A client of the home's socket; the peer is the home's owner unless said otherwise."""
        app = OverSocket(self.plane.app, os.geteuid() if uid is None else uid)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://home") as client:
            yield client

    async def proof(self, socket: httpx.AsyncClient) -> dict[str, str]:
        """An answered challenge."""
        challenge = ok(await socket.post("/own/v1/sessions/-challenge"))["challenge"]
        key = self.owner_key_file.read_text().strip().encode()
        return {"challenge": challenge, "answer": hmac.new(key, challenge.encode(), hashlib.sha256).hexdigest()}

    async def first_owner(self, email: str = OWNER, password: str | None = None) -> Caller:
        """Creates the owner of the installation."""
        async with self.socket() as socket:
            body = await self.proof(socket) | {"email": email, "password": password}
            return caller(ok(await socket.post("/own/v1/sessions/-first-owner", json=body)))

    async def add_user(self, owner: Caller, email: str) -> Caller:
        """Another user of the platform, signed in by device code that the owner approves for them."""
        ok(await self.post("/own/v1/users", owner, {"email": email}))
        return await self.sign_in(owner, email)

    async def sign_in(self, owner: Caller, email: str) -> Caller:
        """A new session of a user."""
        codes = ok(await self.post("/auth/v1/sessions/-issue-device-code"))
        ok(await self.post("/own/v1/sign-ins/-approve", owner, {"user_code": codes["user_code"], "email": email}))
        redeemed = await self.post("/auth/v1/sessions/-redeem-device-code", None, {"device_code": codes["device_code"]})
        return caller(ok(redeemed))

    async def enrol(self, dataplane_id: str, place: str) -> SigningKey:
        """A data plane that has joined."""
        key = SigningKey.generate()
        token = await self.plane.issue_join_token(dataplane_id, place=place)
        body = {
            "join_token": token, "dataplane_id": dataplane_id, "region": place, "public_key": key.public.text,
            "url": f"http://127.0.0.1:{8401 + len(self.keys)}",
        }  # fmt: skip
        ok(await self.post("/link/v1/-enrol", None, body))
        self.keys[dataplane_id] = key
        return key

    def signed(self, dataplane_id: str, method: str, path: str, body: Any) -> tuple[bytes, dict[str, str]]:
        """Content and headers of one call that a data plane signs."""
        content = json.dumps(body).encode()
        token = sign_call(self.keys[dataplane_id], dataplane_id, method, path, content, self.clock.now())
        return content, {"authorization": f"Bearer {token}", "content-type": "application/json"}

    async def organization(self, owner: Caller, name: str = "Orchard", dataplane_id: str | None = "eu1") -> str:
        """An organization of its owner; its id."""
        body = {"name": name, "dataplane_id": dataplane_id}
        return ok(await self.post("/own/v1/organizations", owner, body))["id"]

    async def workspace(self, owner: Caller, organization_id: str, name: str = "fruit shop") -> str:
        """A workspace; its id."""
        path = f"/api/v1/organizations/{organization_id}/workspaces"
        return ok(await self.post(path, owner, {"name": name, "description": None}), 201)["id"]


def ok(answer: httpx.Response, status: int = 200) -> Any:
    """The body of an answer that went as it should."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    return answer.json() if answer.content else None


def caller(session: dict[str, str]) -> Caller:
    return Caller(
        user_id=session["id"], email=session["email"], jwt=session["jwt"], refresh_token=session["refresh_token"]
    )


@asynccontextmanager
async def identity_stage(
    folder: Path, database_url: str, *, owners_invite: bool = True
) -> AsyncGenerator[IdentityStage]:
    """An empty installation with two data planes, `us1` and `eu1`."""
    clock = FakeClock()
    settings = ControlPlaneSettings(
        folder=folder / "control", public_url=PUBLIC_URL, database_url=database_url,
        owner_key_file=folder / "owner.key", version="0.0.0-test", owners_invite=owners_invite,
    )  # fmt: skip
    settings.folder.mkdir()
    plane = await open_control_plane(settings, clock)
    transport = httpx.ASGITransport(app=plane.app, client=("203.0.113.7", 40000))
    try:
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
            stage = IdentityStage(plane=plane, clock=clock, client=client, owner_key_file=settings.owner_key_file)
            await stage.enrol("us1", "United States")
            await stage.enrol("eu1", "Europe")
            yield stage
    finally:
        await plane.close()
