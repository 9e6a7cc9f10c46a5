"""The platform of a demo: a process of its own, so that it can be killed and started again at the same addresses."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

READY_SECONDS = 120
STOP_SECONDS = 60
_FIRST_PORT = 8500
_LAST_PORT = 9500
_PORTS = 3


class NoDemo(Exception):
    """The demo cannot go on; the text says why."""


class DemoPlatform:
    """`dlthub-tui serve` for a home. Its log goes to a file in the home's parent."""

    def __init__(self, home: Path, log: Path) -> None:
        self._home, self._log = home, log
        self._port = _free_port()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns when both regions are up. Raises: NoDemo."""
        command = [sys.executable, "-P", "-m", "dlthub_tui.cli.main", "serve", "--home", str(self._home), "--port"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, str(self._port)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                start_new_session=True,
            )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line or not json.loads(line).get("ready"):
            raise NoDemo(f"The planes did not start; {self._log} says why.")

    def kill(self) -> None:
        """As `kill -9`: nothing of it can say goodbye. Runners are processes of their own and go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._end()

    def stop(self) -> None:
        """Drains and stops. May be called twice."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._end()

    def _end(self) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _free_port() -> int:
    """The first of three neighbours that nobody listens on. Raises: NoDemo."""
    for port in range(_FIRST_PORT, _LAST_PORT, _PORTS):
        if all(_is_free(port + step) for step in range(_PORTS)):
            return port
    raise NoDemo(f"No three free ports from {_FIRST_PORT} to {_LAST_PORT}.")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
