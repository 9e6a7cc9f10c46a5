"""The line between a runner and what it starts: each message comes with the sender's pid, as the runner sees it.

A process in a namespace of its own knows only its number there; the kernel translates it for the receiver.
"""

import os
import socket
import struct
import sys
from typing import NamedTuple

_CREDENTIALS = struct.Struct("=iII")
_MOST_BYTES = 4096


class Heard(NamedTuple):
    """A message: who sent it, where the system tells, and the descriptor that came with it."""

    pid: int | None
    text: str
    descriptor: int | None


def open_line() -> tuple[socket.socket, socket.socket]:
    """Our end and theirs."""
    if sys.platform != "linux":
        return socket.socketpair()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    return ours, theirs


def hear(line: socket.socket) -> Heard:
    """The next message; an empty one when nobody is left to send any."""
    room = socket.CMSG_SPACE(_CREDENTIALS.size) + socket.CMSG_SPACE(struct.calcsize("i"))
    content, ancillary, _, _ = line.recvmsg(_MOST_BYTES, room)
    pid = descriptor = None
    for level, kind, data in ancillary:
        if level != socket.SOL_SOCKET:
            continue
        if kind == socket.SCM_RIGHTS:
            descriptor = struct.unpack("i", data[:4])[0]
            os.set_inheritable(descriptor, False)
        elif sys.platform == "linux" and kind == socket.SCM_CREDENTIALS:
            pid = _CREDENTIALS.unpack(data)[0]
    if not content:
        return Heard(None, "", descriptor)
    return Heard(pid, content.decode(errors="replace"), descriptor)
