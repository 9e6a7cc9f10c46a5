"""The runs that this plane holds, each from its lease to its end, and who waits for them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from planes.data_plane.executor.local import RunningRun
from planes.wire.link import Lease


@dataclass(slots=True, kw_only=True)
class Held:
    """One of them. Its `folder` is known once its lease is written down.

    `accepted` is the lease with the run's token at the control plane, until the run is carried for the first time.
    `prepared` is set when a runner may be asked for, `taken` when one has it, `begun` after its first moments, `over`
    at its end: at that all four.
    """

    workspace_id: str
    fence: int
    folder: Path | None = None
    stop_reason: str | None = None
    running: RunningRun | None = None
    accepted: tuple[Lease, str | None] | None = None
    prepared: anyio.Event = field(default_factory=anyio.Event)
    taken: anyio.Event = field(default_factory=anyio.Event)
    begun: anyio.Event = field(default_factory=anyio.Event)
    over: anyio.Event = field(default_factory=anyio.Event)


class HeldRuns:
    """All of them by id."""

    def __init__(self) -> None:
        self._runs: dict[str, Held] = {}
        self._arrival = anyio.Event()
        self._arriving: dict[tuple[str, str], anyio.Event] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._runs

    def __getitem__(self, run_id: str) -> Held:
        return self._runs[run_id]

    def find(self, run_id: str) -> Held | None:
        """None for a run that is not held."""
        return self._runs.get(run_id)

    def open(self, run_id: str, held: Held) -> None:
        """Holds a run from here on."""
        self._runs[run_id] = held

    def close(self, run_id: str) -> None:
        """Holds it no more: whoever waits for anything of it goes on."""
        held = self._runs.pop(run_id, None)
        if held is not None:
            for event in (held.prepared, held.taken, held.begun, held.over):
                event.set()

    def fences(self) -> dict[str, int]:
        """Of each run its fence; one whose lease is not written down yet would be lost with this process."""
        return {
            run_id: held.fence
            for run_id, held in self._runs.items()
            if (held.workspace_id, run_id) not in self._arriving
        }

    def running(self) -> list[RunningRun]:
        """Those that a runner has."""
        return [held.running for held in self._runs.values() if held.running is not None]

    async def wait_begun(self, run_ids: Sequence[str], seconds: float) -> None:
        """Returns when each of these has had its first moments, or is over; at the latest after `seconds`."""
        with anyio.move_on_after(seconds):
            for run_id in run_ids:
                held = self._runs.get(run_id)
                if held is not None:
                    await held.begun.wait()

    async def wait_prepared(self, run_id: str, seconds: float) -> None:
        """Returns when a runner may be asked for, or the run is over or not held; at the latest after `seconds`."""
        held = self._runs.get(run_id)
        if held is not None:
            with anyio.move_on_after(seconds):
                await held.prepared.wait()

    @contextmanager
    def arriving(self, workspace_id: str, run_id: str) -> Generator[None]:
        """While a lease is there but not yet written down: `settle` waits for its end."""
        over = self._arriving[workspace_id, run_id] = anyio.Event()
        try:
            yield
        finally:
            del self._arriving[workspace_id, run_id]
            over.set()

    async def settle(self, workspace_id: str, run_id: str) -> None:
        """Returns when no lease of this run is being written down."""
        over = self._arriving.get((workspace_id, run_id))
        if over is not None:
            await over.wait()

    def note_arrival(self) -> None:
        """A lease was written down."""
        arrival, self._arrival = self._arrival, anyio.Event()
        arrival.set()

    @property
    def next_arrival(self) -> anyio.Event:
        """Set by the next one. To be taken before looking whether a run is there."""
        return self._arrival
