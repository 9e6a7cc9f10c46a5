"""Handing a running platform to another process: its listening sockets and the home's lock (Borders: 3).

The new process waits for one byte before it opens anything, so the planes are never open twice; clients wait in the
backlog of the sockets meanwhile.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "DLTHUB_TUI_HANDOVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """The descriptors that travel. `go` is the read end of a pipe: one byte says that the old process has let go."""

    lock: int
    listeners: dict[str, int]
    unix: int | None
    unix_path: str | None
    go: int

    def descriptors(self) -> tuple[int, ...]:
        """Every descriptor to pass."""
        return (self.lock, *self.listeners.values(), *([self.unix] if self.unix is not None else []), self.go)

    def text(self) -> str:
        """For the environment of the new process."""
        return json.dumps(
            {"lock": self.lock, "listeners": self.listeners, "unix": self.unix, "path": self.unix_path, "go": self.go}
        )

    @staticmethod
    def parse(text: str) -> Handover:
        """Reads what `text` wrote."""
        value = json.loads(text)
        return Handover(
            lock=value["lock"],
            listeners=value["listeners"],
            unix=value["unix"],
            unix_path=value["path"],
            go=value["go"],
        )


class Successor:
    """The process that takes over. It is started at once and begins when told."""

    def __init__(
        self,
        home: Path,
        lock: int,
        listeners: Mapping[str, socket.socket],
        unix: socket.socket | None,
        unix_path: str | None,
        log_file: Path,
    ) -> None:
        self.log_file = log_file
        """What it says beside that it is ready."""
        go_read, self._go = os.pipe()
        handover = Handover(
            lock=lock,
            listeners={part: listener.fileno() for part, listener in listeners.items()},
            unix=unix.fileno() if unix else None,
            unix_path=unix_path,
            go=go_read,
        )
        log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "dlthub_tui.cli.main", "serve", "--home", str(home)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=handover.descriptors(),
                env={**os.environ, VARIABLE: handover.text()},
                start_new_session=True,
            )
        finally:
            os.close(log)
            os.close(go_read)

    def begin(self) -> bool:
        """Lets it start; returns whether it says that it is ready, else it has ended.

        Call when this process has let go of everything.
        """
        with suppress(BrokenPipeError), os.fdopen(self._go, "wb", buffering=0) as go:  # it may have ended already
            go.write(b"g")
        assert self.process.stdout is not None
        with self.process.stdout as output:
            is_ready = b'"ready": true' in output.readline()
        if not is_ready:
            self.process.wait()
        return is_ready


def received_handover(environment: Mapping[str, str]) -> Handover | None:
    """What an older process hands to this one, when it does; waits for its word.

    Raises: SystemExit when the older process changed its mind.
    """
    text = environment.get(VARIABLE)
    if text is None:
        return None
    handover = Handover.parse(text)
    with os.fdopen(handover.go, "rb", buffering=0) as go:
        if go.read(1) != b"g":
            raise SystemExit(0)
    return handover


def socket_from(descriptor: int) -> socket.socket:
    """The listening socket behind an inherited descriptor."""
    listener = socket.socket(fileno=descriptor)
    listener.setblocking(False)
    return listener
