from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.fakes.identity_stage import OWNER, Caller, IdentityStage, identity_stage, ok

pytestmark = pytest.mark.anyio
LOCAL = "/own/v1/sessions/-local"


async def test_over_tcp_the_routes_are_not_there(stage: IdentityStage) -> None:
    nowhere = await stage.post("/own/v1/sessions/-nothing")
    for route in ("-challenge", "-local", "-first-owner"):
        body = {"challenge": "x", "answer": "0" * 64, "email": OWNER}
        answer = await stage.post(f"/own/v1/sessions/{route}", None, body)
        assert answer.status_code == 404
    assert nowhere.status_code in {404, 405}


async def test_empty_installation_gets_one_owner(stage: IdentityStage) -> None:
    async with stage.socket() as socket:
        early = await socket.post(LOCAL, json=await stage.proof(socket))
        ana = await stage.first_owner(password="correct horse battery")
        second = await socket.post(
            "/own/v1/sessions/-first-owner", json=await stage.proof(socket) | {"email": "eve@orchard.example"}
        )
        session = ok(await socket.post(LOCAL, json=await stage.proof(socket)))

    assert (early.status_code, early.json()["code"]) == (409, "no_owner")
    assert (second.status_code, second.json()["code"]) == (409, "owner_exists")
    assert (session["id"], session["email"]) == (ana.user_id, OWNER)


async def test_challenge_is_answered_once_rightly_and_in_time(stage: IdentityStage, owner: Caller) -> None:
    async with stage.socket() as socket:
        proof = await stage.proof(socket)
        ok(await socket.post(LOCAL, json=proof))
        again = await socket.post(LOCAL, json=proof)
        wrong = await socket.post(LOCAL, json=await stage.proof(socket) | {"answer": "0" * 64})
        late = await stage.proof(socket)
        stage.clock.advance(seconds=60)
        too_late = await socket.post(LOCAL, json=late)
        made_up = await socket.post(LOCAL, json=late | {"challenge": "made up"})

    assert [answer.status_code for answer in (again, wrong, too_late, made_up)] == [401] * 4


async def test_another_uid_is_refused_even_with_the_key(stage: IdentityStage, owner: Caller) -> None:
    async with stage.socket(uid=os.geteuid() + 4242) as socket:
        answer = await socket.post(LOCAL, json=await stage.proof(socket))

    assert answer.status_code == 401


async def test_root_is_audited_as_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a home that is not root's own."""
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    async with identity_stage(tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'control.db'}") as stage:
        owner = await stage.first_owner()
        for uid in (4242, 0):
            async with stage.socket(uid=uid) as socket:
                ok(await socket.post(LOCAL, json=await stage.proof(socket)))

        events = ok(await stage.get("/own/v1/audit-events", owner))["items"]
        assert [event["facts"] for event in events[-2:]] == [{"method": "local"}, {"method": "local_root"}]


async def test_owner_key_is_private(stage: IdentityStage) -> None:
    assert stage.owner_key_file.stat().st_mode & 0o777 == 0o600
    assert (stage.owner_key_file.parent / "control" / "signing.key").stat().st_mode & 0o777 == 0o600
