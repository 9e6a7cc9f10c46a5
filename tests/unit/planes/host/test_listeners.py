"""The ports of planes, which nobody else is to have: not at the other address of loopback, nor while one is down."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import pytest

from planes.domain.errors import Conflict
from planes.host.listeners import PortPlan, keep_ports, open_listeners, port_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ports are kept on Linux only")


def _other(port: int, host: str) -> int:
    """The error that somebody else meets who wants to listen there; 0 for none."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind((host, port))
            other.listen()
        except OSError as exc:
            return exc.errno or -1
    return 0


def _open(port: int = 0, *, may_move: bool = False) -> socket.socket:
    plan = PortPlan(host="127.0.0.1", first=None if may_move else port, may_move=may_move)
    return open_listeners(["control"], plan, {"control": port})["control"]


@contextmanager
def _kept() -> Generator[tuple[socket.socket, int]]:
    """A plane that listens, with its keepers, and its port."""
    with ExitStack() as stack:
        listener = stack.enter_context(_open())
        for keeper in keep_ports([listener]):
            stack.enter_context(keeper)
        yield listener, port_of(listener)


@pytest.fixture
def has_both() -> None:
    """Skips where this machine has no IPv6."""
    if _other(0, "::1"):
        pytest.skip("no ::1 here")


@pytest.mark.usefixtures("has_both")
def test_nobody_else_listens_at_the_other_address_of_loopback() -> None:
    """Browsers and curl try ::1 first for names below localhost."""
    with _kept() as (_, port):
        assert _other(port, "::1") == errno.EADDRINUSE


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])
@pytest.mark.usefixtures("has_both")
def test_nobody_else_takes_the_port_of_a_plane_that_is_down(host: str) -> None:
    with _kept() as (listener, port):
        listener.close()

        assert _other(port, host) == errno.EADDRINUSE


def test_the_next_plane_comes_back_to_a_kept_port_and_is_the_only_one_to_be_met() -> None:
    with _kept() as (listener, port):
        listener.close()
        with _open(port) as following, ExitStack() as stack:
            for keeper in keep_ports([following]):
                stack.enter_context(keeper)
            following.settimeout(10)
            for _ in range(10):
                with socket.create_connection(("127.0.0.1", port), timeout=10):
                    following.accept()[0].close()


def test_a_second_platform_of_the_same_user_does_not_share_the_port() -> None:
    with _kept() as (_, port), pytest.raises(Conflict, match=rf"{port} is taken by .*process {os.getpid()}"):
        _open(port)


def test_a_port_that_is_kept_for_another_users_platform_is_said_to_be_so() -> None:
    with socket.socket() as keeper:  # it shares with nobody, as that of another user
        keeper.bind(("127.0.0.1", 0))
        port = keeper.getsockname()[1]
        with pytest.raises(Conflict, match=rf"Port {port} is kept, by runs of another .* or choose another: --port"):
            _open(port)


_WITHOUT_FILTERS = """
import ctypes, os, socket, struct
from planes.data_plane.runner.containment import calls
from planes.domain.errors import Conflict
from planes.host.listeners import PortPlan, keep_ports, open_listeners

SECCOMP, NOT_PERMITTED, ALLOWED = 317, 0x00050001, 0x7FFF0000
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, SECCOMP), (0x06, 0, 0, NOT_PERMITTED), (0x06, 0, 0, ALLOWED)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
assert libc.prctl(22, 2, program) == 0
assert not calls.can_refuse()

with socket.socket() as listener, socket.socket() as jobs:
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    assert keep_ports([listener]) == []
    assert not listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
    jobs.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    jobs.bind(("127.0.0.1", 0))
    try:
        open_listeners(["control"], PortPlan(host="127.0.0.1", first=jobs.getsockname()[1], may_move=False), {})
    except Conflict:
        print("taken")
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the number is that of x86-64")
def test_where_no_call_can_be_refused_a_plane_shares_its_port_with_no_job_of_its_user() -> None:
    """Where a system refuses filters, a job may ask for a shared port, and would get half of what is sent."""
    said = subprocess.run(
        [sys.executable, "-c", _WITHOUT_FILTERS], check=True, capture_output=True, text=True, timeout=240
    )

    assert said.stdout == "taken\n"


@pytest.mark.usefixtures("has_both")
def test_a_port_that_somebody_has_at_the_other_address_is_taken() -> None:
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Conflict, match=rf"{port} is taken by .*process {os.getpid()}"):
            _open(port)
        with _open(port, may_move=True) as moved:
            assert port_of(moved) != port
