"""Readers of logs that come and go for as long as a soak lasts, each in a thread."""

from __future__ import annotations

import hashlib
import json
import math
import random
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.reliability.crash_stage import CrashStage, MomentMissed


@dataclass(frozen=True)
class Reading:
    """What one reader has got of a log: so many lines, as a digest. `failure` is why it did not go on."""

    run_id: str
    count: int
    digest: bytes
    is_over: bool
    failure: str
    begun_at: float
    ended_at: float


@dataclass
class Readers:
    """What all have got by region, and when their region was not there."""

    readings: dict[str, list[Reading]]
    outages: dict[str, list[tuple[float, float]]]
    is_over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def outage(self, region_id: str) -> Generator[None]:
        """The region goes and comes back in the block."""
        outages = self.outages[region_id]
        begun_at = time.monotonic()
        outages.append((begun_at, math.inf))
        yield
        outages[-1] = begun_at, time.monotonic()

    def unexplained(self) -> list[Reading]:
        """Readings that broke off while their region was there."""
        return [
            reading
            for region_id, readings in self.readings.items()
            for reading in readings
            if reading.failure
            and not any(
                down_at <= reading.ended_at and reading.begun_at <= up_at for down_at, up_at in self.outages[region_id]
            )
        ]

    def read_on(self, stage: CrashStage, choose: Callable[[], str], patience: Callable[[], float]) -> None:
        """One log after the other, each to its end or for as long as the patience lasts."""
        while not self.is_over.is_set():
            self.readings[stage.region_id].append(self._read(stage, choose(), patience()))
            self.is_over.wait(0.5)

    def _read(self, stage: CrashStage, run_id: str, seconds: float) -> Reading:
        begun_at = time.monotonic()
        with stage.following(run_id) as follower:
            with suppress(MomentMissed):
                stage.when(lambda: follower.is_over or follower.failure or self.is_over.is_set(), seconds, pause=0.2)
            failure, is_over, lines = follower.failure, follower.is_over, list(follower.lines)
        return Reading(run_id, len(lines), digest_of(lines), is_over, failure, begun_at, time.monotonic())


def digest_of(lines: Sequence[Mapping[str, Any]]) -> bytes:
    """Of lines as clients get them."""
    return hashlib.sha256(json.dumps(lines).encode()).digest()


@contextmanager
def reading(
    stages: Sequence[CrashStage], number: int, choose: Callable[[CrashStage, int], str], longest_seconds: float
) -> Generator[Readers]:
    """So many readers, on all stages in turn, inside the block. `choose` tells the run that a reader follows next."""
    chance = random.Random(10)
    readers = Readers({stage.region_id: [] for stage in stages}, {stage.region_id: [] for stage in stages})
    with ThreadPoolExecutor(number) as threads:
        begun = [
            threads.submit(
                readers.read_on,
                stage := stages[each % len(stages)],
                lambda stage=stage, each=each: choose(stage, each),
                lambda: chance.uniform(1, longest_seconds),
            )
            for each in range(number)
        ]
        try:
            yield readers
        finally:
            readers.is_over.set()
    for one in begun:
        one.result()
