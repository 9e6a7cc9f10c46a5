"""What schemathesis loads beside the published documents: credentials that are good for each request.

Some of what it asks for ends the session that asks (another signing key at once, a session's end): the next request
has a new one, by the home's socket. Uploads get an upload token of their own, the region's calls at the control plane
are signed with the region's key. `refused.json` counts what was answered 401 all the same, by kind of credential.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import anyio
import httpx
import jsonschema_rs
import requests
import schemathesis
from requests.auth import AuthBase

from dlthub_tui.cli.administering import find_door
from dlthub_tui.client.administration import sign_in_as_owner
from planes.tokens.keys import SigningKey
from planes.tokens.link_proof import sign_call

CONTROL_PLANE = os.environ["CONTROL_PLANE"]
WORKSPACE = os.environ["WORKSPACE"]
HOME = Path(os.environ["PLATFORM_HOME"])
IS_REGION = os.environ["PLANE"] == "region"
PINNED = {kind: os.environ[kind.upper()] for kind in ("deployment", "configuration")}
RENEWED_AFTER_SECONDS = 240  # a region's tokens live ten minutes
LINK = r"^/link/v1/"
UPLOADS = r"/-upload$"


class Session:
    """The owner's tokens of now, for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun = float("-inf")
        self._client = httpx.Client(base_url=CONTROL_PLANE, trust_env=False, timeout=240)
        self.control = self.region = ""

    @property
    def token(self) -> str:
        return self.region if IS_REGION else self.control

    def renewed(self) -> Session:
        with self._lock:
            if time.monotonic() - self._begun > RENEWED_AFTER_SECONDS:
                self._begin()
        return self

    def ended(self, token: str) -> None:
        """Whoever asks next signs in, unless that has happened."""
        with self._lock:
            if token in {self.control, self.region}:
                self._begun = float("-inf")

    def _begin(self) -> None:
        async def signed_in() -> str:
            door = find_door(HOME)
            async with door.opened() as plane:
                return (await sign_in_as_owner(plane, door.owner_key)).jwt

        self.control = anyio.run(signed_in)
        self.region = self.ask(f"/api/v1/workspaces/{WORKSPACE}/-issue-dataplane-token")["token"]
        self._begun = time.monotonic()

    def ask(self, path: str) -> Any:
        answer = self._client.post(path, headers={"authorization": f"Bearer {self.control}"})
        return answer.raise_for_status().json()


session = Session()
refused: Counter[str] = Counter()


@schemathesis.auth(refresh_interval=None).skip_for(path_regex=LINK).skip_for(path_regex=UPLOADS)
class Renewed:
    """The session of now."""

    def get(self, case: Any, context: Any) -> str:
        return session.renewed().token

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


class UploadToken(AuthBase):
    """Each upload is for an id of its own, which takes the place of the one that is there already."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        for kind, pinned in PINNED.items():
            if request.url is not None and f"/{kind}s/{pinned}/" in request.url:
                ticket = session.renewed().ask(f"/api/v1/workspaces/{WORKSPACE}/{kind}s/-issue-upload")
                request.url = request.url.replace(pinned, ticket[f"{kind}_id"])
                request.headers["Authorization"] = f"Bearer {ticket['upload_token']}"
        return request


class LinkProof(AuthBase):
    """Signs the call as the region does."""

    def __init__(self) -> None:
        self._key = SigningKey.load_or_create(HOME / "data" / "eu1" / "identity.key")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        raw = body if isinstance(body, bytes) else str(body).encode()
        path = unquote(urlsplit(str(request.url)).path)
        proof = sign_call(self._key, "eu1", request.method or "", path, raw, datetime.now(UTC))
        request.headers["Authorization"] = f"Bearer {proof}"
        return request


signed_by = schemathesis.auth.set_from_requests  # pyright: ignore[reportFunctionMemberAccess]
signed_by(UploadToken()).apply_to(path_regex=UPLOADS)
signed_by(LinkProof()).apply_to(path_regex=LINK)


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Counts good credentials that were refused; a session that was may have been ended by another request."""
    token = str(response.request.headers.get("Authorization", "")).removeprefix("Bearer ")
    if response.status_code != 401 or not token.startswith("ey"):
        return
    kind = "link" if "/link/v1/" in case.path else "upload" if case.path.endswith("-upload") else "session"
    session.ended(token)
    refused[f"{kind} {case.method} {case.path}"] += 1
    Path("refused.json").write_text(json.dumps(refused))


@schemathesis.deserializer("application/x-ndjson")
def read_lines(context: Any, response: Any) -> Any:
    """Its schema is that of a line: every line is read, the first is judged."""
    lines = [json.loads(line) for line in response.content.splitlines()]
    return lines[0]


@schemathesis.hook
def filter_query(context: Any, query: dict[str, Any] | None) -> bool:
    """Its judge takes `?name=true` or `?name=1` for no list of texts, which on the wire they are: of one text."""
    asked = context.operation.definition.raw.get("parameters", ())
    schemas = {one["name"]: one["schema"] for one in asked if one["in"] == "query"}
    return not any(is_text_on_the_wire(value, schemas.get(name, {})) for name, value in (query or {}).items())


def is_text_on_the_wire(value: Any, schema: dict[str, Any]) -> bool:
    """Whether it is no list of texts, and is one as it is sent, which the schema allows."""
    lists = [kind for kind in (schema, *schema.get("anyOf", ())) if kind.get("items", {}).get("type") == "string"]
    if value is None or is_texts(value) or not lists:
        return False
    sent = value if isinstance(value, list) else [value]
    texts = [one if isinstance(one, str) else json.dumps(one) for one in sent]
    return any(jsonschema_rs.is_valid(kind, texts) for kind in lists)


def is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
