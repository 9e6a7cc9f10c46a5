"""A real platform in its own process, and the commands that administer it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY_SECONDS = 60
STOP_SECONDS = 30


@dataclass
class PlatformProcess:
    """`dlthub-tui serve` of one home."""

    home: Path
    process: subprocess.Popen[str]
    control_plane: str
    data_planes: dict[str, str]

    def admin(self, *words: str, stdin: str | None = None) -> Any:
        """The JSON object that an admin command prints."""
        done = run_command("admin", *words, "--home", str(self.home), "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal and waits; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


def run_command(*words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """One `dlthub-tui` command."""
    return subprocess.run(
        [sys.executable, "-m", "dlthub_tui.cli.main", *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def serving(home: Path, *words: str, log_level: str = "debug") -> Generator[PlatformProcess]:
    """A platform for this home, killed at the end if it still runs."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "dlthub_tui.cli.main", "serve", "--home", str(home), "--log-level", log_level,
                *(words or ("--port", "0")),
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
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
