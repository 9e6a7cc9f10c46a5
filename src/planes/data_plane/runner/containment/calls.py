"""A seccomp filter: the system calls that no job needs and that lead past the other parts.

Landlock does not stop a connection to a unix socket by its path: with one of the desktop's or of Docker's a job would
have them work outside. A pair of datagram sockets is such a socket too: it may send to any path. Sockets of other
kinds (to the machine that runs this one, to radios) know no network namespace, so that they would be open to a job that
is to have no network. Named pipes, pairs of streams, internet sockets and questions about interfaces and routes stay;
others to the kernel tell of devices and of the sockets of the machine, or reach parts of it that no load needs.
Limits of another process (`prlimit`) are for its uid to change: the platform's, where that is the job's. Rings of calls
(`io_uring`) pass filters by. A user namespace of its own would give a job every capability of the kernel's inside.
Kernel keys, tracing of the kernel and programs for it are nobody's business in a load.
A share of a port (`SO_REUSEPORT`) would give a job of the platform's own uid some of what is sent to a plane, or its
port while it restarts (`planes.host.listeners`). Programs that ask for one out of habit are told that they have it.
Watching a folder (`inotify`, `fanotify`) tells the names of what is made there, and asks neither Landlock nor the
mounts: programs that watch their own then look again and again, as they do on systems without.
"""

import ctypes
import errno
import os
import struct
from typing import NamedTuple

from planes.data_plane.runner.kernel import libc

_SET_MODE_FILTER, _ASK_ABOUT_ACTION = 1, 2
_LOAD, _MASK, _EQUALS, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_DONE = _ERROR  # of no number: the call does not happen, and answers that it did
_CALL, _MACHINE, _FIRST_ARGUMENT, _SECOND_ARGUMENT, _THIRD_ARGUMENT = 0, 4, 16, 24, 32
_INTERNET, _INTERNET_6, _KERNEL = 2, 10, 16
"""Families of sockets; the last one (netlink) asks the kernel, by protocols of which a job needs one."""

_ROUTES = 0

_KIND, _DATAGRAM, _RAW = 0xF, 2, 3
"""The kind of a socket is in the lowest bits; of unix sockets a raw one is a datagram socket."""

_OF_SOCKETS, _SHARED_PORT = 1, 15
"""A level of options of sockets, and one of them."""

_NEW_USER_NAMESPACE = 0x10000000
_OTHER_INTERFACE = 0x40000000
"""Calls of x86-64 with this bit belong to its 32-bit twin, which numbers the same calls anew."""

_IO_URING_SETUP, _CLONE3 = 425, 435


class _Machine(NamedTuple):
    """The kernel's name of it, and its numbers of calls."""

    name: int
    seccomp: int
    socket: int
    socketpair: int
    setsockopt: int
    clone: int
    unshare: int
    prlimit: int
    others: tuple[int, ...]
    tracing: tuple[int, ...]


_MACHINES = {
    # tracing: ptrace, process_vm_readv, process_vm_writev, pidfd_getfd;
    # others: add_key, request_key, keyctl, perf_event_open, bpf, userfaultfd, fanotify_init, inotify_init1
    # and, where there is one, inotify_init
    "x86_64": _Machine(
        0xC000003E, 317, 41, 53, 54, 56, 272, 302,
        (248, 249, 250, 298, 321, 323, 300, 294, 253), (101, 310, 311, 438),
    ),
    "aarch64": _Machine(
        0xC00000B7, 277, 198, 199, 208, 220, 97, 261,
        (217, 218, 219, 241, 280, 282, 262, 26), (117, 270, 271, 438),
    ),
}  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_calls() -> None:
    """From here on this process and all it starts get an error for these calls.

    Privileges must have been given up before. Raises: OSError.
    """
    code = assemble()
    machine = _MACHINES[os.uname().machine]
    assert libc is not None, "asked for before"
    program = _Program(len(code) // 8, code)
    if libc.syscall(machine.seccomp, _SET_MODE_FILTER, 0, ctypes.byref(program)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def can_refuse() -> bool:
    """Whether there is a filter for this machine, and its kernel takes one: some systems that run others let none."""
    machine = _MACHINES.get(os.uname().machine)
    if libc is None or machine is None:
        return False
    return libc.syscall(machine.seccomp, _ASK_ABOUT_ACTION, 0, ctypes.byref(ctypes.c_uint32(_ERROR))) == 0


def assemble(*, keeps_apart: bool = False) -> bytes:
    """The filter for this machine. With `keeps_apart` a process also traces and changes no other of its uid.

    Raises: OSError.
    """
    machine = _MACHINES.get(os.uname().machine)
    if libc is None or machine is None:
        raise OSError(0, "calls cannot be filtered on this system")
    return _assemble(machine, machine.tracing if keeps_apart else ())


def _assemble(machine: _Machine, more: tuple[int, ...]) -> bytes:
    """The filter. Each test that fails goes on to the next."""
    missing = _ERROR | errno.ENOSYS
    steps: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _MACHINE), (_EQUALS, 1, 0, machine.name), (_RETURN, 0, 0, missing),
        (_LOAD, 0, 0, _CALL), (_AT_LEAST, 0, 1, _OTHER_INTERFACE), (_RETURN, 0, 0, missing),
    ]  # fmt: skip
    # The C library takes the older call where the newer one is missing, and that one's flags can be looked at.
    for call in (_IO_URING_SETUP, _CLONE3, *machine.others, *more):
        steps += [(_EQUALS, 0, 1, call), (_RETURN, 0, 0, missing)]
    for call, test, value, answer in (
        (machine.clone, _ANY_BIT, _NEW_USER_NAMESPACE, errno.EPERM),
        (machine.unshare, _ANY_BIT, _NEW_USER_NAMESPACE, errno.EPERM),
        (machine.prlimit, _AT_LEAST, 1, errno.EPERM),
    ):
        steps += [
            (_EQUALS, 0, 4, call), (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (test, 0, 1, value), (_RETURN, 0, 0, _ERROR | answer), (_RETURN, 0, 0, _ALLOW),
        ]  # fmt: skip
    steps += [
        (_EQUALS, 0, 8, machine.socket), (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUALS, 5, 0, _INTERNET), (_EQUALS, 4, 0, _INTERNET_6), (_EQUALS, 0, 2, _KERNEL),
        (_LOAD, 0, 0, _THIRD_ARGUMENT), (_EQUALS, 1, 0, _ROUTES),
        (_RETURN, 0, 0, _ERROR | errno.EAFNOSUPPORT), (_RETURN, 0, 0, _ALLOW),
    ]  # fmt: skip
    steps += [
        (_EQUALS, 0, 6, machine.socketpair), (_LOAD, 0, 0, _SECOND_ARGUMENT), (_MASK, 0, 0, _KIND),
        (_EQUALS, 2, 0, _DATAGRAM), (_EQUALS, 1, 0, _RAW), (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERROR | errno.EPROTONOSUPPORT),
    ]  # fmt: skip
    steps += [
        (_EQUALS, 0, 6, machine.setsockopt),
        (_LOAD, 0, 0, _SECOND_ARGUMENT), (_EQUALS, 0, 3, _OF_SOCKETS),
        (_LOAD, 0, 0, _THIRD_ARGUMENT), (_EQUALS, 0, 1, _SHARED_PORT),
        (_RETURN, 0, 0, _DONE), (_RETURN, 0, 0, _ALLOW),
    ]  # fmt: skip
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)
