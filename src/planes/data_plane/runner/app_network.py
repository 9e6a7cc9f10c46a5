"""Keeps an app off the machine's network: dlt's launchers listen on every address, and ask nobody who connects.

    app: bind(0.0.0.0:PORT) ──stopped──► runner ──► a socket of the forwarder's network takes its place, bound there

So only the gateway reaches it, while the app itself still reaches out as any job does. Other listening sockets of the
app are kept on loopback. Where the system lacks a part of this the log says what is open.
"""

import contextlib
import errno
import fcntl
import ipaddress
import os
import socket
import struct
from pathlib import Path

from planes.data_plane.runner import binds, kernel
from planes.data_plane.runner.forwarding import Forwarder, enter_own_network, start_forwarder
from planes.data_plane.runner.watch import Watch

_OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_REUSEADDR),
    (socket.SOL_SOCKET, getattr(socket, "SO_REUSEPORT", socket.SO_REUSEADDR)),
)
_NOT_KEPT = "this system cannot keep apps off the network"
_NOT_THEIR_OWN = "this system gives apps no network of their own"


class AppNetwork:
    """The forwarder of one app, and the decisions about what it binds. `listener` is where binds are heard of."""

    def __init__(self, path: Path, port: int, listener: int | None) -> None:
        """Raises: OSError."""
        self._port = port
        self._listener = listener
        self._forwarder: Forwarder = start_forwarder(path, port, wants_own_network=listener is not None)

    def guard(self, watch: Watch) -> str | None:
        """Decides about binds from now on; words for the log where the app is not kept in. None: it is."""
        if self._listener is None:
            return f"{_NOT_KEPT}: whoever reaches this machine reaches this one"
        watch.add(self._listener, lambda: self._decide(watch))
        if not self._forwarder.is_private:
            return f"{_NOT_THEIR_OWN}: every user of this machine reaches this one"
        return None

    def _decide(self, watch: Watch) -> None:
        assert self._listener is not None, "only a guarded app is watched"
        try:
            bind = binds.receive(self._listener)
        except OSError:
            watch.remove(self._listener)
            os.close(self._listener)
            self._listener = None
            return
        if bind is None:
            return
        try:
            self._answer(self._listener, bind)
        except OSError as error:
            with contextlib.suppress(OSError):
                binds.answer(self._listener, bind, error.errno or errno.EACCES)

    def _answer(self, listener: int, bind: binds.Bind) -> None:
        """Raises: OSError, which the call then returns."""
        found = _read_address(bind.address)
        if found is None:
            binds.proceed(listener, bind)
            return
        family, address, port = found
        with binds.borrow(bind) as theirs:
            if theirs.type != socket.SOCK_STREAM or theirs.family != family:
                binds.proceed(listener, bind)
            elif port == self._port and self._forwarder.is_private:
                self._move(listener, bind, theirs, str(address))
                binds.answer(listener, bind)
            elif address.is_loopback:
                binds.proceed(listener, bind)
            elif address.is_unspecified:
                theirs.bind(("127.0.0.1" if family == socket.AF_INET else "::1", port))
                binds.answer(listener, bind)
            else:
                binds.answer(listener, bind, errno.EADDRNOTAVAIL)

    def _move(self, listener: int, bind: binds.Bind, theirs: socket.socket, address: str) -> None:
        with self._forwarder.make_socket(theirs.family) as made:
            for level, option in _OPTIONS:
                made.setsockopt(level, option, theirs.getsockopt(level, option))
            if theirs.family == socket.AF_INET6:
                is_only = theirs.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, is_only)
            made.bind((address, self._port))
            flags = fcntl.fcntl(theirs, fcntl.F_GETFL)
            fcntl.fcntl(made, fcntl.F_SETFL, flags)
            binds.replace(listener, bind, made)


def _read_address(raw: bytes) -> tuple[int, ipaddress.IPv4Address | ipaddress.IPv6Address, int] | None:
    """Family, address and port of an internet address; None for any other."""
    if len(raw) < 2:
        return None
    family = struct.unpack_from("H", raw)[0]
    if family == socket.AF_INET and len(raw) >= 8:
        return family, ipaddress.IPv4Address(raw[4:8]), int.from_bytes(raw[2:4], "big")
    if family == socket.AF_INET6 and len(raw) >= 24:
        return family, ipaddress.IPv6Address(raw[8:24]), int.from_bytes(raw[2:4], "big")
    return None


def find_gap() -> str | None:
    """What this system lacks; None: nothing. It changes the process that asks, so that has to be one of its own."""
    kernel.forbid_new_privileges()
    try:
        os.close(binds.install())
    except OSError:
        return _NOT_KEPT
    return None if enter_own_network() else _NOT_THEIR_OWN


if __name__ == "__main__":
    os.write(1, (find_gap() or "").encode())
