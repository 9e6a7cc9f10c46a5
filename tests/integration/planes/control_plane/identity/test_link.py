from __future__ import annotations

import jwt
import pytest
from tests.fakes.identity_stage import Caller, IdentityStage, ok

from planes.tokens.keys import SigningKey
from planes.tokens.link_proof import sign_call

pytestmark = pytest.mark.anyio
POLL = "/link/v1/-poll"
BODY = {"free_slots": 0, "held": [], "url": "http://127.0.0.1:9999", "epoch": 0}


@pytest.fixture
async def news(stage: IdentityStage, owner: Caller) -> None:
    """Something to tell, so that no poll waits."""
    codes = ok(await stage.post("/own/v1/api-keys", owner, {}))
    ok(await stage.ask("DELETE", f"/own/v1/api-keys/{codes['id']}", owner), 204)


async def test_signed_call_is_taken_once(stage: IdentityStage, news: None) -> None:
    content, headers = stage.signed("eu1", "POST", POLL, BODY)
    first = await stage.client.post(POLL, content=content, headers=headers)

    replayed = await stage.client.post(POLL, content=content, headers=headers)

    assert first.status_code == 200, first.text
    assert (replayed.status_code, replayed.json()["code"]) == (401, "call_not_authenticated")


async def test_signed_call_is_for_this_body_path_key_and_minute(stage: IdentityStage, news: None) -> None:
    content, headers = stage.signed("eu1", "POST", POLL, BODY)
    other_body = await stage.client.post(POLL, content=content.replace(b"9999", b"9998"), headers=headers)
    other_path = await stage.client.put("/link/v1/runs/x/status", content=content, headers=headers)
    now = stage.clock.now()
    stranger = sign_call(SigningKey.generate(), "eu1", "POST", POLL, content, now)
    impostor = sign_call(stage.keys["us1"], "eu1", "POST", POLL, content, now)
    forged = [
        await stage.client.post(POLL, content=content, headers=headers | {"authorization": f"Bearer {token}"})
        for token in (stranger, impostor)
    ]
    stage.clock.advance(seconds=61)
    late = await stage.client.post(POLL, content=content, headers=headers)

    assert [answer.status_code for answer in (other_body, other_path, *forged, late)] == [401] * 5


@pytest.mark.parametrize("kid", ["a\0", "\ud800", "' or 1=1 --", "../../dev/null"])
async def test_a_key_of_any_name_is_asked_for_and_refused(stage: IdentityStage, kid: str) -> None:
    token = jwt.encode({}, SigningKey.generate().library_key(), algorithm="EdDSA", headers={"kid": kid})

    answer = await stage.client.post(POLL, json=BODY, headers={"authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()["code"]) == (401, "call_not_authenticated")


async def test_session_token_is_no_link_token(stage: IdentityStage, owner: Caller) -> None:
    assert (await stage.post(POLL, owner, BODY)).status_code == 401


async def test_reported_address_is_what_clients_get(stage: IdentityStage, owner: Caller, news: None) -> None:
    workspace = await stage.workspace(owner, await stage.organization(owner))
    content, headers = stage.signed("eu1", "POST", POLL, BODY)
    ok(await stage.client.post(POLL, content=content, headers=headers))

    assert ok(await stage.get(f"/api/v1/workspaces/{workspace}", owner))["dataplane_url"] == "http://127.0.0.1:9999"
    health = {plane["dataplane_id"]: plane for plane in ok(await stage.get("/own/v1/health", owner))["data_planes"]}
    assert health["eu1"]["is_reachable"]
    stage.clock.advance(minutes=2)
    late = ok(await stage.get("/own/v1/health", owner))["data_planes"]
    assert not any(plane["is_reachable"] for plane in late)


@pytest.mark.parametrize(
    ("url", "expected"), [("http://[::1]:1", False), ("https://eu1.example", False), ("http://10.0.0.5:1", True)]
)
async def test_a_region_without_tls_on_a_network_is_told_of(
    stage: IdentityStage, owner: Caller, news: None, url: str, expected: bool
) -> None:
    content, headers = stage.signed("eu1", "POST", POLL, {**BODY, "url": url})
    ok(await stage.client.post(POLL, content=content, headers=headers))

    assert ok(await stage.get("/own/v1/health", owner))["is_insecure"] is expected


async def test_join_token_is_used_once_and_for_its_plane(stage: IdentityStage, owner: Caller) -> None:
    token = ok(await stage.post("/own/v1/data-planes", owner, {"dataplane_id": "ap1", "place": "Asia"}))["join_token"]
    body = {
        "join_token": token, "dataplane_id": "ap2", "region": "Asia", "url": "http://127.0.0.1:8403",
        "public_key": SigningKey.generate().public.text,
    }  # fmt: skip
    wrong_plane = await stage.post("/link/v1/-enrol", None, body)
    enrolled = ok(await stage.post("/link/v1/-enrol", None, body | {"dataplane_id": "ap1"}))
    again = await stage.post("/link/v1/-enrol", None, body | {"dataplane_id": "ap1"})

    assert (wrong_plane.status_code, again.status_code) == (401, 401)
    assert enrolled["keys"] == ok(await stage.get("/.well-known/control-plane"))["keys"]


async def test_join_token_runs_out_and_a_newer_one_ends_it(stage: IdentityStage) -> None:
    older = await stage.plane.issue_join_token("ap1", place="Asia")
    newer = await stage.plane.issue_join_token("ap1", place="Asia")
    key = SigningKey.generate().public.text
    body = {"dataplane_id": "ap1", "region": "Asia", "public_key": key, "url": "http://127.0.0.1:8403"}
    replaced = await stage.post("/link/v1/-enrol", None, body | {"join_token": older})
    stage.clock.advance(days=1)
    late = await stage.post("/link/v1/-enrol", None, body | {"join_token": newer})

    assert (replaced.status_code, late.status_code) == (401, 401)
    assert not await stage.plane.knows_data_plane("ap1")
    assert await stage.plane.knows_data_plane("eu1")


async def test_one_key_cannot_be_two_planes(stage: IdentityStage) -> None:
    token = await stage.plane.issue_join_token("ap1", place="Asia")
    body = {
        "join_token": token, "dataplane_id": "ap1", "region": "Asia", "url": "http://127.0.0.1:8403",
        "public_key": stage.keys["eu1"].public.text,
    }  # fmt: skip

    assert (await stage.post("/link/v1/-enrol", None, body)).status_code == 400
