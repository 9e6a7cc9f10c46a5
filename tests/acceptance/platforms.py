"""A real platform in its own process, and the commands that administer it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from tests.contract.client_environment import as_uid

READY_SECONDS = 240
STOP_SECONDS = 240


class Process(Protocol):
    """What is needed of a process that serves; `Popen` is one."""

    @property
    def pid(self) -> int: ...
    @property
    def stdout(self) -> IO[str] | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int, /) -> None: ...
    def kill(self) -> None: ...
    def terminate(self) -> None: ...


Launch = Callable[[Sequence[str], Mapping[str, str], IO[bytes]], Process]
"""Begins `dlthub-tui` with these words and this environment; standard error goes to the file."""


@dataclass
class PlatformProcess:
    """`dlthub-tui serve` of one home."""

    home: Path
    process: Process
    control_plane: str
    data_planes: dict[str, str]

    def admin(self, *words: str, stdin: str | None = None) -> Any:
        """The JSON object that an admin command prints."""
        done = run_command("admin", *words, "--home", str(self.home), "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def requests(self, route: str, status: int) -> int:
        """How often a route, as its template reads, has answered with this status; from the debug log."""
        lines = (self.home / "serve.log").read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith('{"method"')]
        return sum(line["route"] == route and line["status"] == status for line in found)

    def failures(self) -> list[str]:
        """Lines of the log that tell of a defect: an error, or an answer of 500 and above."""
        lines = (self.home / "serve.log").read_text().splitlines()
        return [line for line in lines if re.search(r'"level": "(error|critical)"|"status": 5\d\d|^Traceback', line)]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal and waits; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


def wait_until(condition: Callable[[], bool], seconds: float = 240, what: str = "it did not happen") -> None:
    """Returns when the condition holds. Raises: AssertionError when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)  # noqa: TID251 - the pause between two looks at another process


def run_command(
    *words: str, stdin: str | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One `dlthub-tui` command. `env` is added to ours."""
    return subprocess.run(
        [sys.executable, "-m", "dlthub_tui.cli.main", *words],
        input=stdin,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def launching(uid: int | None = None) -> Launch:
    """A process of this user's, ours if none is named, that starts as people start it."""

    def launch(words: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> Process:
        return subprocess.Popen(
            [*as_uid(uid), sys.executable, "-m", "dlthub_tui.cli.main", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, env=environment,
        )  # fmt: skip

    return launch


@contextmanager
def serving(
    home: Path,
    *words: str,
    log_level: str = "debug",
    env: Mapping[str, str] | None = None,
    uid: int | None = None,
    launch: Launch | None = None,
) -> Generator[PlatformProcess]:
    """A platform for this home, killed at the end if it still runs. `env` is added to ours, `uid` is its user."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if uid is not None:
        os.chown(home, uid, uid)
    with (home / "serve.log").open("ab") as log:
        process = (launch or launching(uid))(
            ["serve", "--home", str(home), "--log-level", log_level, *(words or ("--port", "0"))],
            {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "", **(env or {})},
            log,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (home / "serve.log").read_text()
        ready = json.loads(line)
        assert ready["ready"] is True
        assert ready["pid"] == process.pid
        yield PlatformProcess(home, process, ready["control_plane"], ready["data_planes"])
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(STOP_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
