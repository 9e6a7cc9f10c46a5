"""The forwarder of an app: a small process with a network of its own, in which the app's listening socket lives.

    gateway ── unix socket in `ctl/` ──► forwarder ── 127.0.0.1:PORT of its network ──► the app's socket

It ends with its runner, and with the step that it was started for.
"""

import contextlib
import ctypes
import fcntl
import os
import resource
import select
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import NamedTuple, NoReturn

from planes.data_plane.runner import kernel
from planes.unix_sockets.listening import listen_unix

_LOOPBACK = "127.0.0.1"
_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1
_PIECE_BYTES = 64 * 1024
_ANSWER_SECONDS = 5.0
_FAMILY = struct.Struct("i")


class Forwarder(NamedTuple):
    """A running forwarder. `is_private`: its network is its own; else it only passes connections on."""

    pid: int
    requests: socket.socket
    is_private: bool

    def make_socket(self, family: int) -> socket.socket:
        """A stream socket in its network. Raises: OSError."""
        self.requests.send(_FAMILY.pack(family))
        _, descriptors, _, _ = socket.recv_fds(self.requests, 1, 1)
        if not descriptors:
            raise OSError(0, "the forwarder made no socket")
        return socket.socket(fileno=descriptors[0])


def start_forwarder(path: Path, port: int, *, wants_own_network: bool) -> Forwarder:
    """Starts one that listens at `path` and passes connections on to the port. Raises: OSError."""
    listener = listen_unix(path, 256)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with listener, theirs:
        runner = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become(listener, theirs, (port, runner), wants_own_network)
    ours.settimeout(_ANSWER_SECONDS)
    answer = ours.recv(1)
    if not answer:
        raise OSError(0, "the forwarder did not start")
    return Forwarder(pid, ours, answer == b"p")


def _become(
    listener: socket.socket, requests: socket.socket, place: tuple[int, int], wants_own_network: bool
) -> NoReturn:
    port, runner = place
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        kernel.end_with_parent(signal.SIGKILL)
        kept = sorted((listener.fileno(), requests.fileno()))
        os.closerange(3, kept[0])
        os.closerange(kept[0] + 1, kept[1])
        os.closerange(kept[1] + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        if os.getppid() == runner:
            requests.send(b"p" if wants_own_network and enter_own_network() else b"-")
            _Relay(listener, requests, port).run()
    except BaseException:  # noqa: BLE001, S110 - whatever it is, this process must not go on as a second runner
        pass
    os._exit(0)


def enter_own_network() -> bool:
    """Leaves the machine's network for an empty one, whose loopback works; False where that is not allowed."""
    if sys.platform != "linux":
        return False
    flags = _NEW_NETWORK if os.geteuid() == 0 else _NEW_NETWORK | _NEW_USER
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        return False
    with contextlib.suppress(OSError), socket.socket() as any_socket:
        request = struct.pack("16sh22x", b"lo", 0)
        found = struct.unpack("16sh22x", fcntl.ioctl(any_socket, _GET_FLAGS, request))[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh22x", b"lo", found | _UP))
        return True
    return False


class _Relay:
    """One loop over all connections. What one side does not take stays unread at the other: nothing piles up here."""

    def __init__(self, listener: socket.socket, requests: socket.socket, port: int) -> None:
        self._listener = listener
        self._requests = requests
        self._port = port
        self._poll = select.epoll()
        self._ends: dict[int, _End] = {}

    def run(self) -> None:
        """Until the runner is gone."""
        for watched in (self._listener, self._requests):
            self._poll.register(watched, select.EPOLLIN)
        while True:
            for descriptor, events in self._poll.poll():
                if descriptor == self._requests.fileno():
                    if not self._make_socket():
                        return
                elif descriptor == self._listener.fileno():
                    self._accept()
                elif descriptor in self._ends:
                    self._move(self._ends[descriptor], events)

    def _make_socket(self) -> bool:
        request = self._requests.recv(_FAMILY.size)
        if len(request) != _FAMILY.size:
            return False
        with socket.socket(_FAMILY.unpack(request)[0], socket.SOCK_STREAM) as made:
            socket.send_fds(self._requests, [b"+"], [made.fileno()])
        return True

    def _accept(self) -> None:
        try:
            outer, _ = self._listener.accept()
        except OSError:
            return
        inner = socket.socket()
        for each in (outer, inner):
            each.setblocking(False)
        inner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if inner.connect_ex((_LOOPBACK, self._port)) not in {0, 115}:  # EINPROGRESS
            outer.close()
            inner.close()
            return
        one, other = _End(outer), _End(inner)
        one.other, other.other = other, one
        for end in (one, other):
            self._ends[end.socket.fileno()] = end
            self._poll.register(end.socket, select.EPOLLIN)

    def _move(self, end: "_End", events: int) -> None:
        try:
            if events & select.EPOLLOUT:
                end.flush()
            if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR) and not end.other.unsent:
                end.pass_on()
        except BlockingIOError:
            pass
        except OSError:
            self._drop(end)
            return
        if end.is_over and end.other.is_over and not end.unsent and not end.other.unsent:
            self._drop(end)
            return
        for each in (end, end.other):
            self._poll.modify(each.socket, each.wanted())

    def _drop(self, end: "_End") -> None:
        for each in (end, end.other):
            del self._ends[each.socket.fileno()]
            self._poll.unregister(each.socket)
            each.socket.close()


class _End:
    """One side of a connection; `unsent` is what it has not taken yet of the other side's last piece."""

    other: "_End"

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.unsent = memoryview(b"")
        self.is_over = False

    def wanted(self) -> int:
        """What to be woken for."""
        reads = not self.is_over and not self.other.unsent
        return (select.EPOLLIN if reads else 0) | (select.EPOLLOUT if self.unsent else 0)

    def pass_on(self) -> None:
        """One piece from here to the other side. Raises: OSError."""
        if self.is_over:
            raise OSError(0, "closed")  # it hangs up while the other side still has something to say to it
        piece = self.socket.recv(_PIECE_BYTES)
        if piece:
            self.other.unsent = memoryview(piece)
            self.other.flush()
            return
        self.is_over = True
        if not self.other.unsent:
            self._finish_other()

    def flush(self) -> None:
        """Sends what is unsent. Raises: OSError."""
        if self.unsent:
            with contextlib.suppress(BlockingIOError):
                self.unsent = self.unsent[self.socket.send(self.unsent) :]
        if not self.unsent and self.other.is_over:
            self.other._finish_other()

    def _finish_other(self) -> None:
        self.other.socket.shutdown(socket.SHUT_WR)
