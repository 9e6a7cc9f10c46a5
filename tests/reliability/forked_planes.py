"""Planes that are forked from a process in which everything is loaded already.

A plane takes a second or two of processor time to start, nearly all of it imports: in a thousand kills most of what
they cost. Such planes are killed and started again as others are; only what is before `main` is not.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import IO, Any, NoReturn

LOADED = (
    "dlthub_tui.cli.commands",
    "dlthub_tui.embed.serving",
    "planes.host.platform",
    "planes.control_plane.app",
    "planes.data_plane.app",
    "planes.manifest.dlt_door",
)
_LONGEST = 1 << 16


class ForkedProcess:
    """What a stage needs of a process that is no child of ours."""

    def __init__(self, pid: int, stdout: IO[str]) -> None:
        self.pid = pid
        self.stdout = stdout
        self._handle: int | None = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """0 when it has ended, however it did."""
        return 0 if self._has_ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        if not self._has_ended(timeout):
            raise subprocess.TimeoutExpired(f"plane {self.pid}", timeout or 0)
        return 0

    def _has_ended(self, seconds: float | None) -> bool:
        if self._handle is not None and select.select([self._handle], [], [], seconds)[0]:
            os.close(self._handle)
            self._handle = None
        return self._handle is None

    def send_signal(self, number: int) -> None:
        if self.poll() is None and self._handle is not None:
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class Forking:
    """The process that planes are forked from."""

    def __init__(self) -> None:
        self._asking, answering = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with answering:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.reliability.forked_planes", str(answering.fileno())],
                stdin=subprocess.DEVNULL, pass_fds=(answering.fileno(),),
            )  # fmt: skip

    def start(self, words: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> ForkedProcess:
        """`dlthub-tui` with these words."""
        reading, writing = os.pipe()
        try:
            message = json.dumps({"words": list(words), "environment": dict(environment)}).encode()
            socket.send_fds(self._asking, [message], [writing, log.fileno()])
        finally:
            os.close(writing)
        return ForkedProcess(int(self._asking.recv(_LONGEST)), os.fdopen(reading))

    def close(self) -> None:
        self._asking.close()
        self._process.wait(240)


def _fork_for_ever(asked: socket.socket) -> None:
    for name in LOADED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    while True:
        message, descriptors, _, _ = socket.recv_fds(asked, _LONGEST, 2)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            asked.close()
            _become(json.loads(message), *descriptors)
        asked.send(str(pid).encode())
        for descriptor in descriptors:
            os.close(descriptor)


def _become(asked: Mapping[str, Any], stdout: int, stderr: int) -> NoReturn:
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor, place in ((stdout, 1), (stderr, 2)):
            os.dup2(descriptor, place)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(asked["environment"])
        from dlthub_tui.cli.main import main

        main(asked["words"])
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    except BaseException:  # noqa: BLE001 - the end of a process: said, and no further
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _fork_for_ever(socket.socket(fileno=int(sys.argv[1])))
