"""Ten thousand refreshes race for the tokens of fifty sessions: nobody is signed out by mistake."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import anyio
import pytest
from tests.fakes.identity_stage import OWNER, Caller, IdentityStage, identity_stage, ok
from tests.reliability.sizes import sized, tell

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(900)]

REFRESHES = sized(500, 10_000)
SESSIONS = sized(5, 50)
RACERS = 20
AT_ONCE = 100


async def _race(stage: IdentityStage, sessions: list[Caller]) -> list[Caller]:
    """Every session's token is presented by all racers at once; each must get the one successor."""
    pairs: list[Counter[tuple[str, str]]] = [Counter() for _ in sessions]

    async def refresh(index: int) -> None:
        body = {"refresh_token": sessions[index].refresh_token}
        found = ok(await stage.post("/auth/v1/sessions/-refresh", None, body))
        pairs[index][found["jwt"], found["refresh_token"]] += 1

    async with anyio.create_task_group() as group:
        for _ in range(RACERS):
            for index in range(len(sessions)):
                group.start_soon(refresh, index)
    assert [list(found.values()) for found in pairs] == [[RACERS]] * len(sessions)
    return [
        Caller(user_id=session.user_id, email=session.email, jwt=jwt, refresh_token=refresh_token)
        for session, found in zip(sessions, pairs, strict=True)
        for jwt, refresh_token in found
    ]


async def test_racing_refreshes_log_nobody_out(tmp_path: Path) -> None:
    async with identity_stage(tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'control.db'}") as stage:
        owner = await stage.first_owner()
        sessions: list[Caller] = []
        for _ in range(SESSIONS):
            sessions.append(await stage.sign_in(owner, OWNER))
            stage.clock.advance(seconds=2)  # so many sign-ins at once are refused
        started, done, wave = time.perf_counter(), 0, AT_ONCE // RACERS
        while done < REFRESHES:
            for start in range(0, SESSIONS, wave):
                sessions[start : start + wave] = await _race(stage, sessions[start : start + wave])
                done += RACERS * wave
            stage.clock.advance(seconds=11)
        tell("racing refreshes", f"{done} in {time.perf_counter() - started:.1f} s, {AT_ONCE} at once")

        for session in sessions:
            assert (await stage.get("/api/v1/me", session)).status_code == 200
