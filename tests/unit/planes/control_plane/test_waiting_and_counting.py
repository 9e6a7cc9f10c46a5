from __future__ import annotations

import hashlib
import hmac

import anyio
import pytest
from tests.fakes.clock import FakeClock

from planes.control_plane.services.memory.challenges import Challenges
from planes.control_plane.services.memory.news import News
from planes.control_plane.services.memory.throttle import Throttle
from planes.domain.errors import TooManyRequests


@pytest.mark.anyio
async def test_news_wakes_only_whom_it_is_for() -> None:
    news = News()
    woken: list[str] = []
    after_one: list[str] = []

    async def wait(dataplane_id: str) -> None:
        await news.wait(dataplane_id, news.seen(dataplane_id), 30)
        woken.append(dataplane_id)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(wait, "eu1")
            group.start_soon(wait, "us1")
            await anyio.wait_all_tasks_blocked()
            news.tell("eu1")
            await anyio.wait_all_tasks_blocked()
            after_one.extend(woken)
            news.tell_all()

    assert (after_one, woken) == (["eu1"], ["eu1", "us1"])


@pytest.mark.anyio
async def test_news_between_looking_and_waiting_is_not_missed() -> None:
    news = News()
    seen = news.seen("eu1")
    news.tell("eu1")

    with anyio.fail_after(20):
        latest = await news.wait("eu1", seen, 30)

    assert latest > seen


@pytest.mark.anyio
async def test_silence_ends_with_the_timeout() -> None:
    news = News()

    assert await news.wait("eu1", news.seen("eu1"), 0.01) == 0


def test_throttle_refuses_above_its_limit_and_forgets_after_its_window() -> None:
    clock = FakeClock()
    throttle = Throttle(clock, limit=2, window_seconds=60)
    throttle.count("a", "b")
    throttle.check("a")
    throttle.count("a")

    with pytest.raises(TooManyRequests):
        throttle.check("c", "a")
    throttle.check("b", "c")
    clock.advance(seconds=60)
    throttle.check("a")


def test_throttle_stays_bounded() -> None:
    throttle = Throttle(FakeClock(), limit=1, window_seconds=60)
    for number in range(10_001):
        throttle.count(str(number))

    throttle.check("0")
    with pytest.raises(TooManyRequests):
        throttle.check("10000")


def test_challenges_are_single_use_and_bounded() -> None:
    challenges = Challenges(FakeClock())
    first = challenges.issue()
    later = [challenges.issue() for _ in range(64)]

    def answer(challenge: str) -> str:
        return hmac.new(b"key", challenge.encode(), hashlib.sha256).hexdigest()

    assert not challenges.is_answered(first, answer(first), "key")
    assert challenges.is_answered(later[0], answer(later[0]), "key")
    assert not challenges.is_answered(later[0], answer(later[0]), "key")
    assert not challenges.is_answered(later[1], answer(later[1]), "other key")
    assert not challenges.is_answered(later[1], answer(later[1]), "key")
