from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest
from tests.fakes.identity_stage import Caller, IdentityStage, ok

from planes.control_plane.services.installation import data_planes
from planes.tokens.attestation import sign_statement
from planes.tokens.keys import SigningKey
from planes.tokens.link_proof import sign_call
from planes.wire.key_changes import StatedChange, change_bytes

pytestmark = pytest.mark.anyio
POLL = "/link/v1/-poll"
CHANGE = "/link/v1/-change-key"
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


async def test_a_token_that_the_host_asks_for_leaves_the_words_of_a_known_plane(
    stage: IdentityStage, owner: Caller
) -> None:
    body = {"dataplane_id": "eu1", "place": "Frankfurt", "name": "Main", "description": "The one in the cellar"}
    ok(await stage.post("/own/v1/data-planes", owner, body))

    await stage.plane.issue_join_token("eu1", place="Europe")

    (plane,) = [each for each in await data_planes.list_all(stage.plane.parts) if each.id == "eu1"]
    assert (plane.region, plane.name, plane.description) == ("Frankfurt", "Main", "The one in the cellar")


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


def change(stage: IdentityStage, old: SigningKey, new: SigningKey, plane: str = "eu1") -> dict[str, Any]:
    stated = StatedChange(
        dataplane_id=plane, old_key=old.public.text, new_key=new.public.text, at=stage.clock.now()
    )  # fmt: skip
    return {**stated.model_dump(mode="json"), "signature": sign_statement(old, change_bytes(stated))}


async def told(
    stage: IdentityStage, signer: SigningKey, *changes: dict[str, Any], plane: str = "eu1"
) -> httpx.Response:
    """The changes are told in a call that is signed by this key."""
    known = stage.keys[plane]
    stage.keys[plane] = signer
    content, headers = stage.signed(plane, "POST", CHANGE, {"dataplane_id": plane, "changes": list(changes)})
    stage.keys[plane] = known
    return await stage.client.post(CHANGE, content=content, headers=headers)


async def test_a_region_is_followed_to_the_key_that_its_known_one_signed(
    stage: IdentityStage, owner: Caller, news: None
) -> None:
    first, second, third = stage.keys["eu1"], SigningKey.generate(), SigningKey.generate()
    changes = change(stage, first, second), change(stage, second, third)

    for answer in (await told(stage, third, *changes), await told(stage, third, *changes)):
        assert ok(answer) == {"dataplane_id": "eu1"}

    content, headers = stage.signed("eu1", "POST", POLL, BODY)
    by_the_old = await stage.client.post(POLL, content=content, headers=headers)
    stage.keys["eu1"] = third
    content, headers = stage.signed("eu1", "POST", POLL, BODY)
    ok(await stage.client.post(POLL, content=content, headers=headers))
    assert by_the_old.status_code == 401
    health = {plane["dataplane_id"]: plane for plane in ok(await stage.get("/own/v1/health", owner))["data_planes"]}
    assert health["eu1"]["fingerprint"] == third.public.fingerprint
    events = ok(await stage.get("/own/v1/audit-events", owner))["items"]
    assert [event["action"] for event in events].count("data_plane_key_changed") == 1


async def test_a_key_that_the_known_one_did_not_sign_is_not_followed(stage: IdentityStage, owner: Caller) -> None:
    known, other, new = stage.keys["eu1"], SigningKey.generate(), SigningKey.generate()
    right = change(stage, known, new)
    forged = [
        await told(stage, new, right | {"signature": change(stage, other, new)["signature"]}),
        await told(stage, new, change(stage, other, new)),
        await told(stage, new, change(stage, known, other), change(stage, other, known), change(stage, other, new)),
        await told(stage, new, change(stage, known, new, plane="us1")),
        await told(stage, other, right),  # whoever has read the change does not have the key
        await told(stage, stage.keys["us1"], change(stage, known, stage.keys["us1"])),  # another region's
        await told(stage, new),
    ]
    content, headers = stage.signed("eu1", "POST", CHANGE, {"dataplane_id": "eu1", "changes": [right], "signature": 1})
    forged.append(await stage.client.post(CHANGE, content=content, headers=headers))

    assert [answer.status_code for answer in forged] == [401] * len(forged)
    assert ok(await told(stage, known)) == {"dataplane_id": "eu1"}
    assert ok(await told(stage, new, right)) == {"dataplane_id": "eu1"}
    back = await told(stage, known, change(stage, known, known))
    assert back.status_code == 401
