"""Forged, stolen, run-out and misdirected tokens at every route of both planes (Reliability: R4)."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from tests.fakes.archives import REQUIREMENTS, pack
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import RunningDataPlane, running_data_plane
from tests.fakes.identity_stage import IdentityStage, identity_stage
from tests.reliability.sizes import tell
from tests.security.role_matrix import CONTROL_ROUTES, REGION_ROUTES

from planes.domain.identifiers import new_id
from planes.tokens.keys import SigningKey

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
OPEN = {"open", "socket"}


@dataclass(frozen=True)
class Forger:
    """Makes tokens like a good one, each wrong in one way; `key` is the real signing key."""

    good: str
    key: SigningKey

    def payload(self, **changes: Any) -> dict[str, Any]:
        return {**jwt.decode(self.good, options={"verify_signature": False}), **changes}

    def signed(self, *, key: SigningKey | None = None, kid: object = None, **changes: Any) -> str:
        return self._assemble({"alg": "EdDSA", "kid": kid or self.key.public.kid}, self.payload(**changes), key)

    def _assemble(self, head: Mapping[str, Any], payload: Mapping[str, Any], key: SigningKey | None = None) -> str:
        text = f"{_part(head)}.{_part(payload)}"
        return f"{text}.{_b64((key or self.key).sign(text.encode()))}"

    def tokens(self) -> dict[str, str]:
        """Every one is to be refused."""
        now = int(datetime.now(UTC).timestamp())
        head, body, signature = self.good.split(".")
        public, mine = self.key.public, SigningKey.generate()
        text = f"{_part({'alg': 'HS256', 'kid': public.kid, 'typ': 'JWT'})}.{body}"
        given = {"kty": "OKP", "crv": "Ed25519", "x": mine.public.text}

        def symmetric(secret: bytes) -> str:
            return f"{text}.{_b64(hmac.digest(secret, text.encode(), 'sha256'))}"

        def with_head(**head: Any) -> str:
            return self._assemble({"alg": "EdDSA", **head}, self.payload(), mine)

        none = f"{_part({'alg': 'none', 'kid': public.kid})}.{body}."
        return {
            "nothing": "", "no token": "abc", "three empty parts": "..",
            "alg none": none, "alg None": none.replace(none.split(".", maxsplit=1)[0], _part({"alg": "None"})),
            "alg HS256 with the public key": symmetric(public.raw),
            "alg HS256 with its text": symmetric(public.text.encode()),
            "another key under the kid": self.signed(key=mine),
            "another key under its own kid": self.signed(key=mine, kid=mine.public.kid),
            "a kid that is a path": self.signed(key=mine, kid="../../../../dev/null"),
            "a kid that is SQL": self.signed(key=mine, kid="' or 1=1 --"),
            "a kid that is a number": self.signed(key=mine, kid=1), "a kid with NUL": self.signed(key=mine, kid="a\0"),
            "a kid that is half a letter": self.signed(key=mine, kid="\ud800"),
            "a key in the header": with_head(jwk=given),
            "a key's address in the header": with_head(jku="http://127.0.0.1:9/"),
            "no signature": f"{head}.{body}.", "half a signature": f"{head}.{body}.{signature[:40]}",
            "a changed body": f"{head}.{_part(self.payload(sub=new_id()))}.{signature}",
            "run out": self.signed(iat=now - 7200, exp=now - 3600),
            "not yet": self.signed(iat=now + 7200, exp=now + 9000),
            "no end": self.signed(exp=None), "another audience": self.signed(aud="us1"),
            "many audiences": self.signed(aud=["control", "eu1", "us1"]),
            "another kind": self.signed(kind="run" if self.payload()["kind"] != "run" else "session"),
            "an API key": f"dlt_u_{'a' * 64}", "a workspace's key": f"dlt_sa_{'a' * 64}",
        }  # fmt: skip


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _part(value: Mapping[str, Any]) -> str:
    return _b64(json.dumps(value).encode())


def _content(route: str) -> dict[str, Any]:
    if route.endswith("-upload"):
        return {
            "files": {
                "file": ("a.tar.gz", pack({"a": b"x"}), "application/x-tar"),
                "requirements_file": ("r.json", REQUIREMENTS, "application/json"),
            }
        }
    return {"json": {}} if route.startswith(("POST", "PUT", "PATCH")) else {}


async def _refused(
    client: httpx.AsyncClient, routes: Mapping[str, str], tokens: Mapping[str, str], fill: Callable[[str], str]
) -> tuple[int, dict[str, int]]:
    """How many were tried, and those that were not answered 401."""
    wrong: dict[str, int] = {}
    count = 0
    for route, kind in routes.items():
        if kind in OPEN:
            continue
        method, template = route.split(" ")
        for name, token in tokens.items():
            headers = {"authorization": f"Bearer {token}"} if token else {}
            answer = await client.request(method, fill(template), headers=headers, **_content(route))
            count += 1
            if answer.status_code != 401 or set(answer.json()) != {"status_code", "code", "detail", "extra"}:
                wrong[f"{name} at {route}"] = answer.status_code
    return count, wrong


async def test_a_region_refuses_every_token_that_is_not_for_it(tmp_path: Path) -> None:
    async with FakeControlPlane().serving() as control, running_data_plane(tmp_path / "eu1", control) as region:
        good = region.headers(role="owner")["authorization"].removeprefix("Bearer ")
        tokens = Forger(good, control.key).tokens()

        def fill(template: str) -> str:
            return re.sub(r"\{(\w+)\}", lambda found: _id(region, found[1]), template)

        count, wrong = await _refused(region.client, REGION_ROUTES, tokens, fill)
        path = f"/telemetry/v1/workspaces/{region.workspace_id}/watermark"
        allowed = await region.client.get(path, headers={"authorization": f"Bearer {good}"})

    assert wrong == {}
    assert allowed.status_code == 200
    tell("R4 forged tokens at a region", f"{count} requests with {len(tokens)} kinds, each answered 401")


def _id(region: RunningDataPlane, name: str) -> str:
    return region.workspace_id if name == "workspace_id" else new_id()


async def test_the_control_plane_refuses_every_token_that_is_not_for_it(tmp_path: Path) -> None:
    async with identity_stage(tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'control.db'}") as stage:
        stage.clock.advance(seconds=(datetime.now(UTC) - stage.clock.now()).total_seconds())
        owner = await stage.first_owner()
        organization = await stage.organization(owner, "home", "eu1")
        workspace = await stage.workspace(owner, organization, "home")
        tokens = Forger(owner.jwt, stage.parts.signing_key).tokens() | await _of_a_region(stage, owner, workspace)

        def fill(template: str) -> str:
            ids = {"organization_id": organization, "workspace_id": workspace}
            return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1]) or new_id(), template)

        count, wrong = await _refused(stage.client, CONTROL_ROUTES, tokens, fill)
        allowed = await stage.get("/api/v1/me", owner)

    assert wrong == {}
    assert allowed.status_code == 200
    tell("R4 forged tokens at the control plane", f"{count} requests with {len(tokens)} kinds, each answered 401")


async def _of_a_region(stage: IdentityStage, owner: Any, workspace: str) -> dict[str, str]:
    """Good ones, for a region and for an upload."""
    path = f"/api/v1/workspaces/{workspace}"
    region = await stage.post(f"{path}/-issue-dataplane-token", owner)
    upload = await stage.post(f"{path}/deployments/-issue-upload", owner)
    return {"a region's token": region.json()["token"], "an upload's token": upload.json()["upload_token"]}
