"""Interpreters that stand by for runs of a kind that is in use (DESIGN 7.3).

    a run of the kind ends, and one did shortly before ─► berth: folder, runner, contained interpreter with its imports
                                          the next run ─► its files move into the berth's folder, which becomes its own
          nobody comes for a while, or others are fresher ─► ended, folder removed

Each serves one run, so a run meets nothing of another; what is contained is started by the very code that starts runs
cold. Whatever does not fit or fails ends the berth, and the run starts cold. Their number is bounded, and so is memory:
an interpreter with dlt takes some 67 MB, its runner 10.
"""

from __future__ import annotations

import errno
import json
import os
import select
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

import anyio
import structlog
from anyio import to_thread

from planes.data_plane.executor.launching import WARM_SECONDS, RunnerServer, hand_over
from planes.data_plane.executor.layout import Owner, RunPlace
from planes.data_plane.runner.containment.namespaces import TEMPORARY
from planes.data_plane.runner.processes import Process, find_process, list_descendants
from planes.data_plane.runner.request import Step, render_ahead
from planes.data_plane.runner.standing import render_berth, standing_step
from planes.data_plane.runner.usage import measure

IDLE_SECONDS = 300.0
_STANDS_SECONDS = 60.0
_FOLDER = "standby"
# Any empty pipe takes so much at once, so who writes it waits for nobody.
_MOST_AHEAD_BYTES = select.PIPE_BUF
# What a launcher of dlt loads by itself, in any run, before it comes to the job; as far as this dlt has it.
_BEFORE_A_JOB = (
    "dlt.sources.helpers.requests?", "dlt._workspace._plugins?", "dlt.__plugins__?", "encodings.idna?",
    "dlt._workspace.helpers.runtime.runtime_artifacts?",
)  # fmt: skip
_log = structlog.get_logger("planes.data_plane.standing")


@dataclass(frozen=True, slots=True)
class Kind:
    """What two runs share when one's interpreter could serve the other. `launcher` is a module's name."""

    workspace: Path
    environment: str
    profile: str
    launcher: str
    uid: int | None


@dataclass(slots=True)
class Berth:
    """A runner and its interpreter that stand by. Blocking."""

    place: RunPlace
    _sending: FileIO = field(repr=False)
    _receiving: FileIO = field(repr=False)
    _runner: Process | None = None

    def is_alive(self) -> bool:
        """Whether the runner is still there."""
        poll = select.poll()
        poll.register(self._receiving.fileno(), select.POLLIN)
        return not poll.poll(0)

    def memory_bytes(self) -> int:
        """What both take now."""
        runner = find_process(self._runner.pid) if self._runner is not None else None
        if self._runner is None or runner is None or runner.start_ticks != self._runner.start_ticks:
            return 0
        return measure([runner, *list_descendants(runner.pid)]).memory_bytes

    def belongs_to(self, pid: int) -> None:
        """Its runner says which process it is."""
        self._runner = find_process(pid)

    def move_in(self, run: RunPlace, owner: Owner) -> None:
        """Takes a run's laid-out work folder: what is in it moves into the berth's, which takes its place.

        Moved, not written: nothing is followed that the interpreter could have put there. Raises: OSError; then the
        run's folder is to be laid out anew.
        """
        if os.listdir(self.place.work):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
        for name in os.listdir(run.work):
            os.rename(run.work / name, self.place.work / name)
        run.work.rmdir()
        os.rename(self.place.work, run.work)
        os.rename(self.place.aside, run.aside)
        owner.take(run.work)

    def register(self, values: Sequence[tuple[str, str]]) -> bool:
        """Says ahead of the request which (name, value) pairs to scrub, unless they are many; False when its runner is
        gone.
        """
        line = render_ahead(values)
        if len(line) > _MOST_AHEAD_BYTES:
            return True  # to learn them takes longer than it may take to answer
        try:
            self._sending.write(line)
        except OSError:
            return False
        return True

    def request(self, document: bytes) -> dict[str, object] | None:
        """Hands over a runner's request; None when no runner answers. Afterwards only its folder is to be removed."""
        try:
            return hand_over(self._sending, self._receiving, document, WARM_SECONDS)
        except OSError:
            return None
        finally:
            self._let_go()

    def discard(self) -> None:
        """Lets go of it: without a request the runner ends. Its folder is removed. May run again."""
        self._let_go()
        try:
            self.place.remove_work()
            self.place.root.rmdir()
        except OSError:
            _log.warning("berth_left", folder=self.place.root.name)

    def _let_go(self) -> None:
        self._sending.close()
        self._receiving.close()


class StandBy:
    """At most `most` berths. `run` is one task of the plane; without it nobody stands by."""

    def __init__(self, server: RunnerServer | None, most: int, idle_seconds: float = IDLE_SECONDS) -> None:
        self._server = server
        self._most = most
        self._idle_seconds = idle_seconds
        self._berths: OrderedDict[Kind, tuple[Berth, float]] = OrderedDict()
        self._seen: dict[Kind, float] = {}
        self._wanted: dict[Kind, Callable[[RunPlace], Step]] = {}
        self._spent: list[Berth] = []
        self._news = anyio.Event()

    def take(self, kind: Kind) -> Berth | None:
        """The interpreter that stands by for this kind, now the caller's; None when a run has to start cold."""
        found = self._berths.pop(kind, None)
        if found is None:
            return None
        berth, _ = found
        if berth.is_alive():
            return berth
        berth.discard()
        return None

    def ended(self, kind: Kind, make: Callable[[RunPlace], Step]) -> None:
        """A run of this kind has ended; `make` describes the step in a berth. Two within a while: it is in use."""
        now = time.monotonic()
        last, self._seen[kind] = self._seen.get(kind), now
        is_in_use = last is not None and now - last < self._idle_seconds
        if self._most and is_in_use and kind not in self._berths and _can_be_moved(kind.workspace):
            self._wanted[kind] = make
            self._news.set()

    def leave(self, berth: Berth) -> None:
        """A run has begun in it: what is left of its folder is removed later, because a busy disk takes its time."""
        self._spent.append(berth)
        self._news.set()

    async def end_environment(self, key: str) -> None:
        """Ends those that stand by in an environment that is gone."""
        while (kind := next((kind for kind in self._berths if kind.environment == key), None)) is not None:
            await self._end(kind)

    async def measure(self) -> tuple[int, int]:
        """How many stand by, and the memory that they take."""
        berths = [berth for berth, _ in self._berths.values()]
        return len(berths), await to_thread.run_sync(lambda: sum(berth.memory_bytes() for berth in berths))

    async def run(self) -> None:
        """Until it is cancelled: starts what is wanted, one at a time, and ends what nobody came for."""
        if self._server is None:
            return
        try:
            while True:
                self._news = anyio.Event()
                while self._wanted:
                    await self._start(*self._wanted.popitem())
                await self._tidy()
                for kind in self._due():
                    await self._end(kind)
                with anyio.move_on_after(self._next_end()):
                    await self._news.wait()  # without end while nobody stands by
        finally:
            with anyio.CancelScope(shield=True):
                await self._tidy()
                for kind in list(self._berths):
                    await self._end(kind)

    async def _tidy(self) -> None:
        while self._spent:
            await to_thread.run_sync(self._spent.pop().discard)

    async def _start(self, kind: Kind, make: Callable[[RunPlace], Step]) -> None:
        assert self._server is not None, "asked for in run"
        try:
            berth = await to_thread.run_sync(_open_berth, self._server, kind, make)
        except OSError as exc:
            _log.warning("nobody_stands_by", reason=exc.strerror)
            return
        if berth is None:
            return
        self._berths[kind] = (berth, time.monotonic())
        while len(self._berths) > self._most:
            await self._end(next(iter(self._berths)))

    async def _end(self, kind: Kind) -> None:
        berth, _ = self._berths.pop(kind)
        await to_thread.run_sync(berth.discard)

    def _due(self) -> list[Kind]:
        before = time.monotonic() - self._idle_seconds
        for kind in [kind for kind, at in self._seen.items() if at < before]:
            del self._seen[kind]
        return [kind for kind, (_, since) in self._berths.items() if since < before]

    def _next_end(self) -> float:
        times = [since for _, since in self._berths.values()]
        return min(times) + self._idle_seconds - time.monotonic() if times else float("inf")


def remove_berths(plane: Path) -> None:
    """Removes what a plane that was killed left. Blocking; only while nobody stands by here."""
    for root in plane.glob(f"orgs/*/workspaces/*/{_FOLDER}/*"):
        RunPlace(root).remove_work()
        root.rmdir()


def _open_berth(server: RunnerServer, kind: Kind, make: Callable[[RunPlace], Step]) -> Berth | None:
    """Starts an interpreter and waits until it stands by; None when it does not come to that. Raises: OSError."""
    place = RunPlace(kind.workspace / _FOLDER / os.urandom(8).hex())
    place.prepare_berth(Owner(kind.uid))
    step = standing_step(make(place), _imports(kind.launcher))
    theirs_document, our_document = os.pipe()
    our_ready, theirs_ready = os.pipe()
    sending, receiving = FileIO(our_document, "wb"), FileIO(our_ready, "rb")
    berth = Berth(place, sending, receiving)
    try:
        is_asked = server.request(theirs_document, theirs_ready, is_to_stand_by=True)
    finally:
        os.close(theirs_document)
        os.close(theirs_ready)
    try:
        if is_asked:
            sending.write(render_berth(step, str(place.work)))
        answer = _read_line(receiving) if is_asked else b""
    except OSError:
        answer = b""
    said: dict[str, Any] = json.loads(answer) if answer else {"error": "nothing"}
    if "error" not in said:
        berth.belongs_to(said["standing"])
        return berth
    _log.info("nobody_stands_by", answer=answer.decode(errors="replace").strip())
    berth.discard()
    return None


def _can_be_moved(workspace: Path) -> bool:
    """Below `/tmp` a run has a `/tmp` in memory, with its folders at their places: there none can take another's."""
    return not workspace.resolve().is_relative_to(os.path.realpath(TEMPORARY))


def _imports(launcher: str) -> tuple[str, ...]:
    return (launcher.partition(".")[0], *_BEFORE_A_JOB, launcher)


def _read_line(receiving: FileIO) -> bytes:
    """The runner's first answer; empty when there is none in time."""
    poll, line = select.poll(), b""
    poll.register(receiving.fileno(), select.POLLIN)
    deadline = time.monotonic() + _STANDS_SECONDS
    while not line.endswith(b"\n"):
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            return b""
        piece = receiving.read(1)
        if not piece:
            return b""
        line += piece
    return line
