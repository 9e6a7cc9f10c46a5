"""The runner's socket, from a client's side."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from planes.data_plane.runner.control import ControlSocket
from planes.data_plane.runner.watch import Watch


class Service:
    """A control socket whose loop the test turns by hand."""

    def __init__(self, path: Path) -> None:
        self.watch = Watch()
        self.stops: list[str] = []
        self.control = ControlSocket(path, self.watch, self.stops.append)

    def turn(self, times: int = 3) -> None:
        for _ in range(times):
            self.watch.wait(0)
            self.control.flush()

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(self.control.path))
        client.settimeout(240)
        self.turn()
        return client


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    import os
    import signal

    opened = Service(tmp_path / "socket")
    yield opened
    opened.control.close()
    signal.set_wakeup_fd(-1)
    os.close(opened.watch._wakeup)
    os.close(opened.watch._wakeup_end)


def read_states(client: socket.socket) -> list[dict[str, object]]:
    return [json.loads(line) for line in client.recv(1 << 20).splitlines()]


def test_a_client_learns_the_state_at_once_and_each_change(service: Service) -> None:
    with service.connect() as client:
        first = read_states(client)
        service.control.state["lines"] = 5
        service.turn()
        second = read_states(client)

    assert [state["lines"] for state in first + second] == [0, 5]


def test_changes_between_two_rounds_are_one_message(service: Service) -> None:
    with service.connect() as client:
        read_states(client)
        for lines in range(100):
            service.control.state["lines"] = lines
        service.turn()

        assert [state["lines"] for state in read_states(client)] == [99]


def test_a_client_that_does_not_read_gets_the_newest_state_later(service: Service) -> None:
    with service.connect() as slow, service.connect() as quick:
        for lines in range(20_000):
            service.control.state["lines"] = lines
            service.control.flush()
            if lines % 100 == 0:
                quick.recv(1 << 20)
        was_waiting = service.control.has_waiting_clients
        received = b""
        while b'"lines": 19999' not in received:
            received += slow.recv(1 << 20)
            service.turn()

    assert was_waiting
    states = [json.loads(line)["lines"] for line in received.splitlines()]
    assert states == sorted(states)
    assert len(states) < 19_000


def test_stop_is_taken_from_pieces_and_rubbish_is_not(service: Service) -> None:
    with service.connect() as client:
        for piece in (b"nonsense\n[]\n{}\n", b'{"sto', b'p": "cancelled"}\n'):
            client.sendall(piece)
            service.turn()

        assert service.stops == ["cancelled"]


def test_a_stop_counts_when_the_client_has_hung_up(service: Service) -> None:
    with service.connect() as client:
        client.sendall(b'{"stop": "cancelled"}\n')
    service.turn()

    assert service.stops == ["cancelled"]


def test_a_client_that_sends_without_end_is_dropped(service: Service) -> None:
    with service.connect() as client:
        client.sendall(b"x" * 5000)
        service.turn(5)
        client.recv(1 << 20)

        assert client.recv(10) == b""
