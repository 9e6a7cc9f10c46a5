"""A control plane for tests of one data plane: verifies link proofs, mints tokens, remembers what it was told."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import anyio
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from planes.domain.access import Grant
from planes.domain.identifiers import new_id
from planes.server.listening import AppServer, listen_tcp
from planes.server.streams import Stopping
from planes.tokens.claims import Claims, TokenKind, mint
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import PublicKey, SigningKey
from planes.tokens.link_proof import verify_call
from planes.wire.link import PublicLinkResponse

JOIN_TOKEN = "join-token-of-the-tests"


@dataclass(kw_only=True)
class FakeControlPlane:
    """`answers_with` makes every write-back fail with that status; `drops` takes it and never answers.

    One that does not `follows` is of a version without that route."""

    key: SigningKey = field(default_factory=SigningKey.generate)
    url: str = ""
    dataplane_id: str = "eu1"
    dataplane_key: PublicKey | None = None
    answers_with: int | None = None
    drops: bool = False
    follows: bool = True
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    retired: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    dataplane_url: str = ""
    swap_codes: dict[str, str] = field(default_factory=dict)
    public_links: dict[str, PublicLinkResponse] = field(default_factory=dict)

    def data_token(self, organization_id: str, workspace_id: str, /, *grants: Grant, **changes: Any) -> str:
        """A client's token; `changes` replace claims."""
        claims = Claims(
            kind=TokenKind.DATA_PLANE,
            audience=self.dataplane_id,
            subject=new_id(),
            expires_at=int(datetime.now(UTC).timestamp()) + 600,
            email="dev@example.com",
            membership_id=new_id(),
            organization_id=organization_id,
            workspace_id=workspace_id,
            grants=frozenset(str(grant) for grant in (grants or tuple(Grant))),
        )
        return mint(self.key, replace(claims, **changes), datetime.now(UTC))

    def swap_code(self, organization_id: str, workspace_id: str, /, **changes: Any) -> str:
        """A code that a browser brings, for one workspace."""
        code = new_id()
        self.swap_codes[code] = self.data_token(organization_id, workspace_id, **changes)
        return code

    def upload_token(
        self, organization_id: str, workspace_id: str, kind: str, upload_id: str, /, **changes: Any
    ) -> str:
        """A token for one upload."""
        claims = {"kind": TokenKind.UPLOAD, "upload_kind": kind, "upload_id": upload_id, "grants": frozenset[str]()}
        return self.data_token(organization_id, workspace_id, **{**claims, **changes})

    def build(self, stopping: Stopping) -> FastAPI:
        app = FastAPI()

        @app.post("/link/v1/-poll")
        async def poll() -> Response:
            with anyio.move_on_after(25):
                await stopping.wait()
            return JSONResponse({"leases": [], "cancels": [], "epoch": 0, "revocations": [], "keys": []})

        @app.post("/link/v1/-enrol")
        async def enrol(request: Request) -> Response:
            body = await request.json()
            if body["join_token"] != JOIN_TOKEN:
                return JSONResponse({"status_code": 401, "code": "join_token", "detail": "no"}, status_code=401)
            self.dataplane_key = PublicKey.parse(body["public_key"])
            self.dataplane_url = body["url"]
            return JSONResponse({"keys": [self.key.public.text]})

        @app.post("/link/v1/-change-key")
        async def change_key(request: Request) -> Response:
            if not self.follows:
                return JSONResponse({"status_code": 404, "code": "not_found", "detail": "no"}, status_code=404)
            body = await request.json()
            token = request.headers["authorization"].removeprefix("Bearer ")
            assert self.dataplane_key is not None
            key = PublicKey.parse(body["changes"][-1]["new_key"]) if body["changes"] else self.dataplane_key
            try:
                verify_call(token, key, "POST", request.url.path, await request.body(), datetime.now(UTC))
            except InvalidToken as exc:
                return JSONResponse({"status_code": 401, "code": "proof", "detail": str(exc)}, status_code=401)
            self.dataplane_key = key
            return JSONResponse({"dataplane_id": body["dataplane_id"]})

        @app.post("/link/v1/swap-codes/-redeem")
        async def redeem(request: Request) -> Response:
            token = self.swap_codes.pop((await request.json())["code"], None)
            if token is None:
                body = {"status_code": 401, "code": "swap_code_refused", "detail": "This link was used before."}
                return JSONResponse(body, status_code=401)
            return JSONResponse({"token": token})

        @app.post("/link/v1/public-links/-find")
        async def find_link(request: Request) -> Response:
            found = self.public_links.get((await request.json())["secret"])
            if found is None:
                body = {"status_code": 404, "code": "public_link_not_found", "detail": "Nothing is here."}
                return JSONResponse(body, status_code=404)
            return JSONResponse(found.model_dump())

        @app.post("/link/v1/-find-versions")
        async def find_versions(request: Request) -> Response:
            body = await request.json()
            if self.answers_with is not None:
                return _refused(self.answers_with)
            return JSONResponse({kind: [each for each in ids if each in self.versions] for kind, ids in body.items()})

        @app.put("/link/v1/{kind}/{upload_id}")
        async def write_back(request: Request, kind: str, upload_id: str) -> Response:
            body = await request.body()
            self.bodies.append(body)
            try:
                token = request.headers["authorization"].removeprefix("Bearer ")
                assert self.dataplane_key is not None
                verify_call(token, self.dataplane_key, "PUT", request.url.path, body, datetime.now(UTC))
            except InvalidToken as exc:
                return JSONResponse({"status_code": 401, "code": "proof", "detail": str(exc)}, status_code=401)
            if self.drops:
                self.versions[upload_id] = await request.json()
                return DroppedResponse()
            if self.answers_with is not None:
                return _refused(self.answers_with)
            row = self.versions.setdefault(upload_id, {**await request.json(), "kind": kind})
            row.setdefault("version", sum(1 for each in self.versions.values() if each.get("kind") == kind))
            retired = {"retired": list(self.retired)} if kind == "deployments" else {}
            return JSONResponse({"id": upload_id, "updated_at": row["created_at"], **row, **retired})

        return app

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[FakeControlPlane]:
        """Answers on a free port until the block ends."""
        stopping = Stopping()
        listener = listen_tcp("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = AppServer(self.build(stopping), [listener], stopping)
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve)
            with anyio.fail_after(240):
                await server.wait_ready()
            try:
                yield self
            finally:
                server.stop()
                with anyio.CancelScope(shield=True):
                    await server.wait_stopped()
                listener.close()


class DroppedResponse(Response):
    """Closes the connection without an answer."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        raise ConnectionAbortedError("dropped on purpose")


def _refused(status: int) -> Response:
    code = "call_not_authenticated" if status == 401 else "x"
    return JSONResponse({"status_code": status, "code": code, "detail": "no", "extra": None}, status_code=status)
