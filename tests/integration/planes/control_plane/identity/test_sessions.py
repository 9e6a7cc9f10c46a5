from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable

import anyio
import jwt
import pytest
from sqlalchemy import func, select
from tests.fakes.identity_stage import OWNER, Caller, IdentityStage, caller, ok

from planes.control_plane.services.identity.device_codes import find_typed
from planes.control_plane.services.identity.sign_in import find_user_by_password
from planes.control_plane.services.installation import housekeeping
from planes.domain.errors import PlaneError
from planes.storage.control.sessions import sessions
from planes.tokens.opaque import hash_secret

pytestmark = pytest.mark.anyio
REFRESH = "/auth/v1/sessions/-refresh"
REDEEM = "/auth/v1/sessions/-redeem-device-code"


async def test_fifty_racing_refreshes_get_the_same_pair(stage: IdentityStage, owner: Caller) -> None:
    pairs: Counter[tuple[str, str]] = Counter()

    async def refresh() -> None:
        body = ok(await stage.post(REFRESH, None, {"refresh_token": owner.refresh_token}))
        pairs[(body["jwt"], body["refresh_token"])] += 1

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(refresh)

    assert list(pairs.values()) == [50]
    ((token, refresh_token),) = pairs
    assert (await stage.get("/api/v1/me", token)).status_code == 200
    assert refresh_token != owner.refresh_token


async def test_refresh_token_used_again_after_the_grace_revokes_the_family(stage: IdentityStage, owner: Caller) -> None:
    successor = ok(await stage.post(REFRESH, None, {"refresh_token": owner.refresh_token}))
    stage.clock.advance(seconds=10)
    again = ok(await stage.post(REFRESH, None, {"refresh_token": owner.refresh_token}))
    stage.clock.advance(seconds=1)

    reused = await stage.post(REFRESH, None, {"refresh_token": owner.refresh_token})

    assert again == successor
    assert reused.status_code == 401
    assert (await stage.post(REFRESH, None, {"refresh_token": successor["refresh_token"]})).status_code == 401
    assert (await stage.get("/api/v1/me", successor["jwt"])).status_code == 401


async def test_waiting_for_ones_turn_makes_no_refresh_a_reuse(stage: IdentityStage, owner: Caller) -> None:
    """The database is busy for longer than a spent token is forgiven; who asked in time is not signed out."""
    successor = ok(await stage.post(REFRESH, None, {"refresh_token": owner.refresh_token}))
    stage.clock.advance(seconds=5)
    answers: list[dict[str, str]] = []

    async def refresh() -> None:
        answers.append(ok(await stage.post(REFRESH, None, {"refresh_token": owner.refresh_token})))

    async with anyio.create_task_group() as group, stage.parts.database.transaction() as connection:
        await stage.parts.database.lock(connection, f"refresh:{hash_secret(owner.refresh_token)}")
        for _ in range(3):
            group.start_soon(refresh)
        await anyio.wait_all_tasks_blocked()
        stage.clock.advance(seconds=30)

    assert answers == [successor] * 3
    assert (await stage.get("/api/v1/me", successor["jwt"])).status_code == 200


async def test_sessions_that_nobody_can_go_on_with_are_forgotten(stage: IdentityStage, owner: Caller) -> None:
    async def known() -> int:
        async with stage.parts.database.reading() as connection:
            return (await connection.execute(select(func.count()).select_from(sessions))).scalar_one()

    refreshed = await stage.sign_in(owner, OWNER)
    left = [await stage.sign_in(owner, OWNER) for _ in range(3)]
    before = await known()
    stage.clock.advance(seconds=stage.parts.refresh_seconds - 1)
    pair = ok(await stage.post(REFRESH, None, {"refresh_token": refreshed.refresh_token}))
    stage.clock.advance(days=1)
    await housekeeping.tidy(stage.parts)
    assert await known() == before
    stage.clock.advance(seconds=2)
    await housekeeping.tidy(stage.parts)

    assert len(left) + 2 == before
    assert await known() == 1
    ok(await stage.post(REFRESH, None, {"refresh_token": pair["refresh_token"]}))


async def test_reuse_in_one_family_leaves_other_sessions_alone(stage: IdentityStage, owner: Caller) -> None:
    other = await stage.sign_in(owner, OWNER)
    ok(await stage.post(REFRESH, None, {"refresh_token": owner.refresh_token}))
    stage.clock.advance(seconds=11)
    await stage.post(REFRESH, None, {"refresh_token": owner.refresh_token})

    assert (await stage.get("/api/v1/me", other)).status_code == 200


@pytest.mark.parametrize("refresh_token", ["nonsense", "\u0000", "x" * 512])
async def test_unknown_refresh_token_is_rejected(stage: IdentityStage, refresh_token: str) -> None:
    answer = await stage.post(REFRESH, None, {"refresh_token": refresh_token})

    assert answer.status_code == 401
    assert answer.json() == {
        "status_code": 401, "code": "refresh_token_rejected", "detail": "This session has ended. Sign in again.",
        "extra": None,
    }  # fmt: skip


async def test_refresh_answers_503_when_the_database_fails(stage: IdentityStage, owner: Caller) -> None:
    async with stage.parts.database.transaction() as connection:
        await connection.exec_driver_sql("alter table refresh_tokens rename to gone")

    answer = await stage.post(REFRESH, None, {"refresh_token": owner.refresh_token})

    assert answer.status_code == 503


async def test_session_token_says_what_the_client_reads_and_runs_out(stage: IdentityStage, owner: Caller) -> None:
    claims = jwt.decode(owner.jwt, options={"verify_signature": False})

    assert (claims["sub"], claims["email"], claims["aud"]) == (owner.user_id, OWNER, "control")
    assert claims["exp"] == int(stage.clock.now().timestamp()) + 3600
    stage.clock.advance(hours=1)
    assert (await stage.get("/api/v1/me", owner)).status_code == 401


async def test_revoke_ends_the_session_at_once_and_answers_204(stage: IdentityStage, owner: Caller) -> None:
    assert (await stage.get("/api/v1/me", owner)).status_code == 200

    answer = await stage.post("/auth/v1/sessions/-revoke", None, {"refresh_token": owner.refresh_token})

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await stage.get("/api/v1/me", owner)).status_code == 401


async def test_a_refresh_token_that_was_not_used_runs_out(stage: IdentityStage, owner: Caller) -> None:
    stage.clock.advance(days=30)
    paths = (REFRESH, "/auth/v1/sessions/-issue-swap-code")

    late = [await stage.post(path, None, {"refresh_token": owner.refresh_token}) for path in paths]

    assert [answer.status_code for answer in late] == [401, 401]


async def test_a_spent_refresh_token_asks_for_no_code_after_the_grace(stage: IdentityStage, owner: Caller) -> None:
    body = {"refresh_token": owner.refresh_token}
    ok(await stage.post(REFRESH, None, body))
    stage.clock.advance(seconds=10)
    ok(await stage.post("/auth/v1/sessions/-issue-swap-code", None, body))
    stage.clock.advance(seconds=1)

    assert (await stage.post("/auth/v1/sessions/-issue-swap-code", None, body)).status_code == 401


async def test_swap_code_needs_a_living_session(stage: IdentityStage, owner: Caller) -> None:
    body = ok(await stage.post("/auth/v1/sessions/-issue-swap-code", None, {"refresh_token": owner.refresh_token}))

    assert body["expires_in"] == 60
    ok(await stage.post("/auth/v1/sessions/-revoke", None, {"refresh_token": owner.refresh_token}), 204)
    again = await stage.post("/auth/v1/sessions/-issue-swap-code", None, {"refresh_token": owner.refresh_token})
    assert again.status_code == 401


async def test_device_code_is_pending_until_approved_then_redeemed_once(stage: IdentityStage, owner: Caller) -> None:
    codes = ok(await stage.post("/auth/v1/sessions/-issue-device-code"))
    body = {"device_code": codes["device_code"]}
    pending = await stage.post(REDEEM, None, body)
    hasty = await stage.post(REDEEM, None, body)
    stage.clock.advance(seconds=codes["interval"])
    approved = ok(await stage.post("/own/v1/sign-ins/-approve", owner, {"user_code": codes["user_code"].lower()}))

    session = ok(await stage.post(REDEEM, None, body))

    assert codes["verification_uri_complete"] == codes["verification_uri"] == "http://127.0.0.1:8400/device"
    assert pending.status_code == hasty.status_code == 403
    assert pending.json()["code"] == "authorization_pending"
    assert "slow_down" in hasty.text
    assert approved["email"] == OWNER
    assert set(session) == {"id", "email", "jwt", "refresh_token"}
    assert (await stage.get("/api/v1/me", caller(session))).status_code == 200
    assert (await stage.post(REDEEM, None, body)).status_code == 400


async def test_device_code_runs_out_after_five_minutes(stage: IdentityStage, owner: Caller) -> None:
    codes = ok(await stage.post("/auth/v1/sessions/-issue-device-code"))
    (waiting,) = ok(await stage.get("/own/v1/sign-ins", owner))["items"]
    stage.clock.advance(minutes=5)

    late = [
        await stage.post("/own/v1/sign-ins/-approve", owner, {"user_code": codes["user_code"]}),
        await stage.post("/own/v1/sign-ins/-inspect", owner, {"user_code": codes["user_code"]}),
        await stage.post(f"/own/v1/sign-ins/{waiting['id']}/-refuse", owner),
    ]
    redeemed = await stage.post(REDEEM, None, {"device_code": codes["device_code"]})

    assert [answer.status_code for answer in late] == [404] * 3
    assert (redeemed.status_code, redeemed.json()["code"]) == (400, "expired_token")


async def test_refused_device_code_cannot_be_redeemed(stage: IdentityStage, owner: Caller) -> None:
    codes = ok(await stage.post("/auth/v1/sessions/-issue-device-code"))
    (waiting,) = ok(await stage.get("/own/v1/sign-ins", owner))["items"]

    ok(await stage.post(f"/own/v1/sign-ins/{waiting['id']}/-refuse", owner))

    assert waiting["requester_address"] == "203.0.113.7"
    assert codes["user_code"] not in str(waiting)
    redeemed = await stage.post(REDEEM, None, {"device_code": codes["device_code"]})
    assert (redeemed.status_code, redeemed.json()["code"]) == (400, "access_denied")


async def test_guesses_that_come_at_once_are_no_more_than_those_in_turn(stage: IdentityStage, owner: Caller) -> None:
    """None of them has failed yet when the last one begins."""
    typed: list[str] = []
    tried: list[str] = []

    async def type_code() -> None:
        await _note(typed, find_typed(stage.parts, "BBBB-BBBB", "address:203.0.113.9"))

    async def try_password() -> None:
        await _note(tried, find_user_by_password(stage.parts, OWNER, "wrong", "203.0.113.9"))

    async with anyio.create_task_group() as guesses:
        for _ in range(20):
            guesses.start_soon(type_code)
            guesses.start_soon(try_password)

    assert Counter(typed) == {"NotFound": 5, "TooManyRequests": 15}
    assert Counter(tried) == {"None": 10, "TooManyRequests": 10}


async def _note(outcomes: list[str], guess: Awaitable[object]) -> None:
    try:
        outcomes.append(str(await guess))
    except PlaneError as exc:
        outcomes.append(type(exc).__name__)


async def test_five_mistyped_codes_are_all_that_one_person_gets(stage: IdentityStage, owner: Caller) -> None:
    codes = ok(await stage.post("/auth/v1/sessions/-issue-device-code"))
    statuses = [
        (await stage.post("/own/v1/sign-ins/-approve", owner, {"user_code": "BBBB-BBBB"})).status_code for _ in range(6)
    ]

    right = await stage.post("/own/v1/sign-ins/-approve", owner, {"user_code": codes["user_code"]})

    assert statuses == [404] * 5 + [429]
    assert right.status_code == 429
    stage.clock.advance(minutes=5)
    assert (await stage.post("/own/v1/sign-ins/-approve", owner, {"user_code": "BBBB-BBBB"})).status_code == 404


async def test_only_an_administrator_sees_or_approves_for_others(stage: IdentityStage, owner: Caller) -> None:
    ben = await stage.add_user(owner, "ben@orchard.example")
    codes = ok(await stage.post("/auth/v1/sessions/-issue-device-code"))

    listed = await stage.get("/own/v1/sign-ins", ben)
    for_ana = await stage.post("/own/v1/sign-ins/-approve", ben, {"user_code": codes["user_code"], "email": OWNER})
    for_ben = await stage.post("/own/v1/sign-ins/-approve", ben, {"user_code": codes["user_code"]})

    assert (listed.status_code, for_ana.status_code) == (403, 403)
    assert ok(for_ben)["email"] == "ben@orchard.example"


async def test_token_of_another_kind_or_key_is_no_session(stage: IdentityStage, owner: Caller) -> None:
    header, payload, signature = owner.jwt.split(".")
    forged = jwt.encode(jwt.decode(owner.jwt, options={"verify_signature": False}), "x" * 32, algorithm="HS256")
    none = jwt.encode(jwt.decode(owner.jwt, options={"verify_signature": False}), "", algorithm="none")

    for token in (f"{header}.{payload}.{signature[:-4]}AAAA", forged, none, "dlt_u_unknown", "x"):
        assert (await stage.get("/api/v1/me", token)).status_code == 401


async def test_known_tokens_are_answered_without_checking_them_again(stage: IdentityStage, owner: Caller) -> None:
    ok(await stage.get("/api/v1/me", owner))
    started = time.process_time()  # how busy the machine is does not count
    for _ in range(20):
        ok(await stage.get("/api/v1/dataplanes", owner))

    assert time.process_time() - started < 5
