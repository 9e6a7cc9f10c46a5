"""Polls of data planes that wait here: whoever has something for a plane may answer one of them itself (Design: 3).

joined ─► waits ─► news, or its time is over
            └─ taken ─► settled: an answer, or None and it goes on as before
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

import anyio

from planes.domain.region_processes import RegionProcess
from planes.wire.link import PollRequest, PollResponse


class WaitingPoll:
    """One poll, with what it asks. Who takes it settles it, whatever happens."""

    def __init__(
        self, request: PollRequest, process: RegionProcess | None, is_gone: Callable[[], Awaitable[bool]]
    ) -> None:
        self.request = request
        self.process = process
        self.is_gone = is_gone
        self.is_taken = False
        self.scope = anyio.CancelScope()
        self._answer: PollResponse | None = None
        self._is_settled = anyio.Event()

    def settle(self, answer: PollResponse | None) -> None:
        """It waits no longer; with None it looks itself."""
        self._answer = answer
        self._is_settled.set()
        self.scope.cancel()

    async def answer(self) -> PollResponse | None:
        """What whoever took it answers; None, at once, if nobody did."""
        if self.is_taken:
            await self._is_settled.wait()  # as long as a transaction takes
        return self._answer


class WaitingPolls:
    """Those of each data plane. They are of this process: another control plane's are told by its news."""

    def __init__(self) -> None:
        self._polls: defaultdict[str, list[WaitingPoll]] = defaultdict(list)

    @contextmanager
    def joined(self, dataplane_id: str, poll: WaitingPoll) -> Generator[None]:
        """It waits in this block, which ends early when it is settled."""
        polls = self._polls[dataplane_id]
        polls.append(poll)
        try:
            with poll.scope:
                yield
        finally:
            if not poll.is_taken:
                polls.remove(poll)

    def take(self, dataplane_id: str) -> WaitingPoll | None:
        """One that has room for a run, now the caller's."""
        for poll in self._polls[dataplane_id]:
            if poll.request.free_slots:
                self._polls[dataplane_id].remove(poll)
                poll.is_taken = True
                return poll
        return None
