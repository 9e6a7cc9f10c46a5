"""A run's folder: what the platform keeps about a run, and how it is known whether its runner lives.

ctl/            0700, the platform's alone
  spec.json     the claim: run id, fence, a word of its own; no argv, no environment, no value
  lock          held (flock) by the runner for life, or by whoever takes a dead runner's folder over
  runner.json   run id, fence, the runner's pid, its start time, its socket; synced before anything of the job is
                started, so that it tells of a run whose claim a crash of the machine has taken away
  step.json     the process group of the step that runs now
  room, room.N  nothing: space and files that the end of the run can be told in, when the job has filled the disk
  segments/     the log
  exit.json     the outcome; written last, whole, synced
work/           the job's

A run is started at most once. Whoever asks for a runner claims the folder first, and a runner takes the run only under
the claim it was asked with, holding the lock, while there is no runner.json. Who holds the lock of a folder without a
runner.json may withdraw the claim: then nothing was started, and no runner that is late can start it any more.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from planes.data_plane.segments import write_synced
from planes.unix_sockets.listening import remove_socket, socket_place

ROOM_BYTES = 128 * 1024


class Outcome(NamedTuple):
    """How a run ended: the exit record.

    `outcome` is completed, failed or cancelled. `reason` is a stable word: completed, exit_code, signal, cancelled (or
    the word given to stop), time_limit, not_started, runner_killed, runner_terminated, runner_error, or what was used
    up (`reasons.LIMIT_REASONS`). `step` names the step that ended the run. Times are ISO 8601 in UTC. `hits` counts
    masked values by rule, `lines` the log's lines.
    """

    run_id: str
    fence: int
    outcome: str
    reason: str
    step: str | None
    exit_code: int | None
    signal: int | None
    started_at: str | None
    user_started_at: str | None
    finished_at: str
    hits: dict[str, int]
    lines: int


class RunFolder:
    """Paths and small records of one run's folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.control = root / "ctl"
        self.work = root / "work"
        self.segments = self.control / "segments"
        self.spec_path = self.control / "spec.json"
        self.lock_path = self.control / "lock"
        self.runner_path = self.control / "runner.json"
        self.step_path = self.control / "step.json"
        self.exit_path = self.control / "exit.json"
        self._room_paths = [self.control / name for name in ("room", "room.2", "room.3")]

    def try_lock(self) -> int | None:
        """Take the folder: a descriptor to keep open, or None if a live process holds it."""
        descriptor = os.open(self.lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def may_take(self, claim: str) -> bool:
        """Whether the run may be started under this claim. Certain only while the lock is held."""
        spec = read_record(self.spec_path)
        return (
            spec is not None
            and spec["claim"] == claim
            and not self.runner_path.exists()
            and self.find_outcome() is None
        )

    def take_room(self) -> None:
        """Sets aside what the end of the run needs on the disk. Raises: OSError when there is not that much.

        That is also a file each for the seal of the log and the exit record, and one more: a disk may be full of files.
        """
        for path in self._room_paths:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if path == self._room_paths[0] and hasattr(os, "posix_fallocate"):  # on macOS the disk is not kept free
                    os.posix_fallocate(descriptor, 0, ROOM_BYTES)
            finally:
                os.close(descriptor)

    def release_room(self) -> None:
        """Gives it back, for what is written next. May run again."""
        for path in self._room_paths:
            path.unlink(missing_ok=True)

    def find_outcome(self) -> Outcome | None:
        """The exit record, if the run has ended."""
        record = read_record(self.exit_path)
        return Outcome(**record) if record is not None else None

    def write_outcome(self, outcome: Outcome) -> None:
        """Record the end. The log must be sealed before."""
        write_synced(self.exit_path, json.dumps(outcome._asdict()).encode())

    def socket_path(self) -> Path:
        """Where the runner listens. Raises: OSError."""
        return socket_place(self.control / "socket")


def app_socket(path: Path) -> Path:
    """Where the forwarder of a run's app listens: beside the runner's own socket."""
    return path.with_name("app")


def remove_sockets(path: Path) -> None:
    """Remove the runner's socket at this path, and its app's."""
    app_socket(path).unlink(missing_ok=True)
    remove_socket(path)


def read_record(path: Path) -> dict[str, Any] | None:
    """A small JSON record, or None if it is not there (or a crash of the machine left it empty)."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Put a small JSON record in place whole. Not synced: it matters only while its process lives."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(json.dumps(record).encode())
    beside.replace(path)
