"""The control plane's signing keys rotate while it runs: what was signed stays good, and planes learn the new key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from tests.fakes.identity_stage import Caller, IdentityStage, ok

from planes.tokens.key_ring import KeyRing

pytestmark = pytest.mark.anyio
ROTATE = "/own/v1/signing-keys/-rotate"
REFRESH = "/auth/v1/sessions/-refresh"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def _kid(token: str) -> str:
    return jwt.get_unverified_header(token)["kid"]


async def _published(stage: IdentityStage) -> list[str]:
    return [key["kid"] for key in ok(await stage.get("/.well-known/jwks.json", None))["keys"]]


async def test_tokens_of_the_old_key_stay_good_until_they_run_out(stage: IdentityStage, owner: Caller) -> None:
    organization = await stage.organization(owner, "home", "eu1")
    workspace = await stage.workspace(owner, organization, "home")
    before = _kid(owner.jwt)

    rotated = ok(await stage.post(ROTATE, owner, {}))

    assert await _published(stage) == [before, rotated["kid"]]
    path = f"/api/v1/workspaces/{workspace}/-issue-dataplane-token"
    assert _kid(ok(await stage.post(path, owner))["token"]) == before  # no plane may know the new one yet
    stage.clock.advance(seconds=60)
    assert _kid(ok(await stage.post(path, owner))["token"]) == rotated["kid"]
    assert (await stage.get("/api/v1/me", owner)).status_code == 200
    pair = ok(await stage.post(REFRESH, None, {"refresh_token": owner.refresh_token}))
    assert _kid(pair["jwt"]) == rotated["kid"]
    assert ok(await stage.get("/api/v1/me", pair["jwt"]))["email"] == owner.email
    assert await _published(stage) == [rotated["kid"], before]
    identity = ok(await stage.get("/.well-known/control-plane", None))
    assert identity["fingerprints"][0] == rotated["fingerprint"]
    stage.clock.advance(seconds=8 * 24 * 3600)
    assert await _published(stage) == [rotated["kid"]]


async def test_a_key_in_wrong_hands_is_refused_at_once(stage: IdentityStage, owner: Caller) -> None:
    ben = await stage.add_user(owner, "ben@orchard.example")
    assert (await stage.get("/api/v1/me", ben)).status_code == 200

    rotated = ok(await stage.post(ROTATE, owner, {"at_once": True}))

    assert await _published(stage) == [rotated["kid"]]
    assert [(await stage.get("/api/v1/me", one)).status_code for one in (ben, owner)] == [401, 401]
    pair = ok(await stage.post(REFRESH, None, {"refresh_token": owner.refresh_token}))
    assert _kid(pair["jwt"]) == rotated["kid"]
    events = ok(await stage.get("/own/v1/audit-events/-search", pair["jwt"], action="signing_key_rotated"))["items"]
    assert [(event["subject"], event["facts"]) for event in events] == [(rotated["kid"], {"at_once": True})]


async def test_planes_are_told_the_next_key_before_it_signs(stage: IdentityStage, owner: Caller) -> None:
    content = {"free_slots": 0, "held": [], "url": "http://127.0.0.1:8402", "epoch": 0}
    rotated = ok(await stage.post(ROTATE, owner, {"at_once": True}))
    pair = ok(await stage.post(REFRESH, None, {"refresh_token": owner.refresh_token}))
    ok(await stage.post(ROTATE, pair["jwt"], {}))

    body, headers = stage.signed("eu1", "POST", "/link/v1/-poll", content)
    told = ok(await stage.client.post("/link/v1/-poll", content=body, headers=headers))

    # The new epoch ends the wait.
    assert (len(told["keys"]), told["epoch"] > 0) == (2, True)
    assert stage.parts.signing_key.public.kid == rotated["kid"]


async def test_only_administrators_rotate(stage: IdentityStage, owner: Caller) -> None:
    ben = await stage.add_user(owner, "ben@orchard.example")

    assert (await stage.post(ROTATE, ben, {})).status_code == 403


def test_processes_that_share_a_folder_see_each_others_keys(tmp_path: Path) -> None:
    one, other = KeyRing(tmp_path), KeyRing(tmp_path)
    first = one.signer(NOW).public

    second, signs_from = one.rotate(NOW, at_once=False)

    assert signs_from == NOW + timedelta(seconds=60)
    assert other.published(NOW) == [first, second.public]
    assert other.signer(NOW + timedelta(seconds=61)).public == second.public
    third, _ = other.rotate(NOW, at_once=True)
    assert one.published(NOW + timedelta(seconds=62)) == [third.public]
    assert KeyRing(tmp_path).root.public == first
    for path in (tmp_path / "signing").iterdir():
        assert path.stat().st_mode & 0o077 == 0
