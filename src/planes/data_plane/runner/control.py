"""The runner's socket: wakes whoever follows, tells the state, takes stop.

Both ways one JSON object per line. Out: `{"lines", "step", "user_started_at", "stopping", "ended"}`, on connecting and
after every change; several changes become one line, and a client that does not read gets the newest state once it does.
In: `{"stop": REASON}`. Clients come and go; the run does not notice.
"""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from planes.data_plane.runner.watch import Watch
from planes.unix_sockets.listening import listen_unix

_MAX_REQUEST_BYTES = 4096


class ControlSocket:
    """Listens for as long as the run goes."""

    def __init__(self, path: Path, watch: Watch, on_stop: Callable[[str], object]) -> None:
        self.path = path
        self.state: dict[str, Any] = {
            "lines": 0,
            "step": None,
            "user_started_at": None,
            "stopping": None,
            "ended": False,
        }
        self._watch = watch
        self._on_stop = on_stop
        self._sent_state = dict(self.state)
        self._clients: dict[int, _Client] = {}
        self._listener = listen_unix(path)  # an old one is of a runner that was killed before it began anything
        watch.add(self._listener.fileno(), self._accept)

    def flush(self) -> None:
        """Send the state to every client that has not seen it and can take it."""
        if self.state != self._sent_state:
            self._sent_state = dict(self.state)
            for client in self._clients.values():
                client.is_behind = True
        for client in [client for client in self._clients.values() if client.is_behind]:
            self._send(client)

    def close(self) -> None:
        """Send the last state and hang up."""
        self.flush()
        self._watch.remove(self._listener.fileno())
        self._listener.close()
        for client in list(self._clients.values()):
            self._drop(client)

    @property
    def has_waiting_clients(self) -> bool:
        """Whether a client could not take the newest state yet."""
        return any(client.is_behind for client in self._clients.values())

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        client = _Client(connection)
        self._clients[connection.fileno()] = client
        self._watch.add(connection.fileno(), lambda: self._receive(client))

    def _send(self, client: "_Client") -> None:
        message = client.unsent or json.dumps(self.state).encode() + b"\n"
        try:
            sent = client.connection.send(message)
        except BlockingIOError:
            return
        except OSError:
            self._drop(client)
            return
        # After a rest of an older state the newest one is still due.
        client.is_behind = bool(client.unsent) or sent < len(message)
        client.unsent = message[sent:]

    def _receive(self, client: "_Client") -> None:
        try:
            received = client.connection.recv(_MAX_REQUEST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        client.received += received
        if not received or len(client.received) > _MAX_REQUEST_BYTES:
            self._drop(client)
            return
        *requests, client.received = client.received.split(b"\n")
        for request in requests:
            self._take(request)

    def _take(self, request: bytes) -> None:
        try:
            reason = json.loads(request)["stop"]
        except (ValueError, KeyError, TypeError):
            return
        self._on_stop(str(reason))

    def _drop(self, client: "_Client") -> None:
        self._watch.remove(client.connection.fileno())
        del self._clients[client.connection.fileno()]
        client.connection.close()


class _Client:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.is_behind = True
        self.unsent = b""
        self.received = b""
