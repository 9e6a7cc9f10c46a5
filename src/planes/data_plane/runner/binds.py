"""Letting the runner answer for a process that wants to listen: a seccomp filter that notifies of `bind`.

The process is stopped in `bind` until the answer. The runner may let the call happen, answer for it, or put another
socket in the place of the one that is to be bound. Linux on x86-64 and ARM only; everywhere else `install` raises.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from typing import NamedTuple

_SYSCALLS = {"x86_64": (317, 49, 0xC000003E), "aarch64": (277, 200, 0xC00000B7)}
"""Numbers of `seccomp` and `bind`, and the kernel's name of the architecture."""

_SYS_PIDFD_GETFD = 438
_SET_MODE_FILTER, _NEW_LISTENER = 1, 1 << 3
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_LOAD, _EQUALS, _RETURN = 0x20, 0x15, 0x06

_RECEIVE, _SEND, _IS_VALID, _ADD = 0xC0502100, 0xC0182101, 0x40082102, 0x40182103
_NOTIFICATION = struct.Struct("QII" + "iIQ6Q")
_RESPONSE = struct.Struct("QqiI")
_ADDITION = struct.Struct("QIIII")
_CONTINUE, _REPLACE = 1, 1
_MOST_ADDRESS_BYTES = 128

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


class Bind(NamedTuple):
    """A process (by one of its threads) that waits in `bind(descriptor, address)`."""

    id: int
    thread: int
    descriptor: int
    address: bytes


def install() -> int:
    """From here on this process and all it starts stop in `bind`; the descriptor that hears of it.

    Privileges must have been given up before. Raises: OSError.
    """
    known = _SYSCALLS.get(os.uname().machine)
    if _libc is None or known is None:
        raise OSError(0, "this system cannot notify of a listening process")
    seccomp, bind, machine = known
    code = b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in (
            (_LOAD, 0, 0, 4), (_EQUALS, 0, 2, machine), (_LOAD, 0, 0, 0), (_EQUALS, 1, 0, bind),
            (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _NOTIFY),
        )
    )  # fmt: skip
    program = _Filter(len(code) // 8, code)
    found = _libc.syscall(seccomp, _SET_MODE_FILTER, _NEW_LISTENER, ctypes.byref(program))
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return found


def receive(listener: int) -> Bind | None:
    """The next process that waits; None if it is gone already. Raises: OSError when no process is left."""
    buffer = bytearray(_NOTIFICATION.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, buffer)
    except FileNotFoundError:
        return None  # killed between its call and our reading
    found = _NOTIFICATION.unpack(buffer)
    identity, thread = found[0], found[1]
    descriptor, place, length = found[6], found[7], found[8]
    try:
        with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:
            memory.seek(place)
            address = memory.read(min(length, _MOST_ADDRESS_BYTES))
        # What was read is only its memory if it still waits.
        fcntl.ioctl(listener, _IS_VALID, struct.pack("Q", identity))
    except (OSError, ValueError, OverflowError):
        return Bind(identity, thread, descriptor, b"")
    return Bind(identity, thread, descriptor, address)


def proceed(listener: int, bind: Bind) -> None:
    """The call happens as it was made."""
    _respond(listener, _RESPONSE.pack(bind.id, 0, 0, _CONTINUE))


def answer(listener: int, bind: Bind, error: int = 0) -> None:
    """The call does not happen; it returns with this error number, or as done."""
    _respond(listener, _RESPONSE.pack(bind.id, 0, -error, 0))


def replace(listener: int, bind: Bind, other: socket.socket) -> None:
    """Puts another socket in the place of the one to be bound; the call is still to be answered. Raises: OSError."""
    with open(f"/proc/{bind.thread}/fdinfo/{bind.descriptor}") as info:
        flags = next(int(line.split()[1], 8) for line in info if line.startswith("flags:"))
    addition = _ADDITION.pack(bind.id, _REPLACE, other.fileno(), bind.descriptor, flags & os.O_CLOEXEC)
    fcntl.ioctl(listener, _ADD, addition)


def borrow(bind: Bind) -> socket.socket:
    """The socket to be bound, as a descriptor of ours. Raises: OSError."""
    assert _libc is not None, "there is no notification without it"
    with open(f"/proc/{bind.thread}/status") as status:
        process = next(int(line.split()[1]) for line in status if line.startswith("Tgid:"))
    handle = os.pidfd_open(process)
    try:
        found = _libc.syscall(_SYS_PIDFD_GETFD, handle, bind.descriptor, 0)
    finally:
        os.close(handle)
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return socket.socket(fileno=found)


def _respond(listener: int, response: bytes) -> None:
    try:
        fcntl.ioctl(listener, _SEND, response)
    except FileNotFoundError:
        return  # it was killed meanwhile
