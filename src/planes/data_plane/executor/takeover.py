"""Settling a run whose runner is gone without an exit record. Blocking; may run again at any point."""

import json
import os
import select
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from planes.data_plane.runner.folders import Outcome, RunFolder, read_record, remove_sockets
from planes.data_plane.runner.groups import remove_groups
from planes.data_plane.runner.processes import Process, find_process, list_processes, signal_processes
from planes.data_plane.segments import Origin, SegmentWriter
from planes.data_plane.segments.recovery import recover
from planes.data_plane.segments.seals import find_seal

_END_SECONDS = 10.0
# A killed runner gives its locks back a moment before it is seen to be dead.
_DYING_SECONDS = 5.0
_KILLED = "the process that recorded this run was killed: the run was ended, what it printed last may be missing"
_COPIED = "this is a copy of a run that goes on elsewhere on this machine: here it ends with what was copied"
_LOOK_AGAIN_SECONDS = 0.02


class NoSuchRun(Exception):
    """No run was begun in the folder, and none will be by anyone who was asked to before: it may be started."""


def settle(folder: RunFolder) -> Outcome | None:
    """The outcome of a run that is over, made now if its runner left none; None while its runner lives.

    A run whose runner was lost is `failed`: its processes are ended, and its log, unless it was sealed, is cut to its
    last whole record, gets a `runner` line that says so, and is sealed. It is never started again. A run that no runner
    has taken was never begun: the claim on its folder is withdrawn. In a copy of a folder whose run goes on, nothing of
    that run is touched. Raises: NoSuchRun.
    """
    outcome = folder.find_outcome()
    if outcome is not None:
        return outcome
    try:
        spec = read_spec(folder)
    except NoSuchRun:
        folder.spec_path.unlink(missing_ok=True)  # torn by a crash, and no runner had begun under it
        raise
    lock = folder.try_lock()
    if lock is None:
        return None
    try:
        outcome = folder.find_outcome()
        if outcome is not None:
            return outcome
        runner = read_record(folder.runner_path)
        if runner is None:
            folder.spec_path.unlink(missing_ok=True)
            raise NoSuchRun(str(folder.root))
        return _settle_locked(folder, spec, runner)
    finally:
        os.close(lock)


def _begun(folder: RunFolder) -> dict[str, Any] | None:
    """What a runner has written down of the run that it began: on the disk, where the claim may have been lost."""
    record = read_record(folder.runner_path)
    return record if record is not None and "run_id" in record else None


def _settle_locked(folder: RunFolder, spec: dict[str, Any], runner: dict[str, Any]) -> Outcome:
    step = read_record(folder.step_path) or {}
    is_copy = _outlasts(runner)
    if not is_copy:
        _end_processes(folder, spec["run_id"], runner, step)
        remove_groups(runner.get("groups", ()))
        with suppress(OSError):  # of a restored home: the place of before, which may be another user's
            remove_sockets(Path(runner["socket"]))
    folder.release_room()
    lines = _seal(folder, step.get("stage", "run"), _COPIED if is_copy else _KILLED)
    outcome = Outcome(
        run_id=spec["run_id"],
        fence=spec["fence"],
        outcome="failed",
        reason="runner_killed",
        step=step.get("name"),
        exit_code=None,
        signal=None,
        started_at=runner["started_at"],
        user_started_at=step.get("user_started_at"),
        finished_at=datetime.now(UTC).isoformat(),
        hits={},
        lines=lines,
    )
    folder.write_outcome(outcome)
    return outcome


def _outlasts(runner: dict[str, Any]) -> bool:
    """Whether the runner of the record lives although the folder's lock is free: then it holds that of another folder,
    of which this one is a copy, as of a home that somebody tries an upgrade on."""
    deadline = time.monotonic() + _DYING_SECONDS
    while time.monotonic() < deadline:
        found = find_process(runner["pid"])
        if found is None or found.is_dead or found.start_ticks != runner["start_ticks"]:
            return False
        select.select([], [], [], _LOOK_AGAIN_SECONDS)
    return True


def _seal(folder: RunFolder, stage: str, words: str) -> int:
    seal = find_seal(folder.segments)
    if seal is not None and seal.lines is not None:
        return seal.lines  # complete: the runner was killed after it, and the log may be compressed by now
    recover(folder.segments)
    writer = SegmentWriter(folder.segments)
    try:
        writer.append([words], Origin("other", "runner", stage), datetime.now(UTC))
        writer.seal()
        return writer.next_line
    finally:
        writer.close()


def _end_processes(folder: RunFolder, run_id: str, runner: dict[str, Any], step: dict[str, Any]) -> None:
    """Kill what the runner left, until nothing is found (new ones may be forked meanwhile)."""
    deadline = time.monotonic() + _END_SECONDS
    while time.monotonic() < deadline:
        left = [
            process
            for process in list_processes()
            if not process.is_dead
            and process.start_ticks >= (runner["start_ticks"] or 0)
            and _belongs(process, folder, run_id, step)
        ]
        if not left:
            return
        signal_processes(left, signal.SIGKILL)
        select.select([], [], [], _LOOK_AGAIN_SECONDS)


def _belongs(process: Process, folder: RunFolder, run_id: str, step: dict[str, Any]) -> bool:
    """By session or group, which no later process can share; else by the environment it was started with."""
    leader = step.get("pid")
    if leader is not None and leader in {process.session, process.group}:
        return True
    try:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    home = b"HOME=" + os.fsencode(folder.root)
    return any(
        entry == home or entry.startswith(home + b"/") or entry == b"RUNTIME__RUN_ID=" + run_id.encode()
        for entry in environment
    )


def read_spec(folder: RunFolder) -> dict[str, Any]:
    """What `write_spec` wrote, or, where a crash took that, the runner's own record. Raises: NoSuchRun."""
    spec = read_record(folder.spec_path) or _begun(folder)
    if spec is None:
        raise NoSuchRun(str(folder.root))
    return spec


def write_spec(folder: RunFolder, spec: dict[str, Any]) -> None:
    """Claim a folder for a run. Raises: FileExistsError if it is claimed.

    Not synced: a claim that a crash of the machine takes away matters only if its run was begun, which the runner's
    record tells.
    """
    folder.root.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder.control.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder.spec_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(json.dumps(spec).encode())
