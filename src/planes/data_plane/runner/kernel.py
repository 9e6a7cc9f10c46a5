"""The few process settings of Linux that the standard library has no call for; on another system each answers False."""

import contextlib
import ctypes
import os
import struct
import sys
from collections.abc import Generator

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_M_ARENA_MAX = -8
_AT_SYMLINK_NOFOLLOW = 0x100
_STATX_BTIME = 0x800
_STATX_BYTES = 256

libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
"""The C library, for calls that the standard library lacks; its errors are in `ctypes.get_errno()`."""


def forbid_dumps() -> bool:
    """No core dump, no ptrace and no reading of `/proc/<pid>/environ` or memory by another process of the same uid.

    The empty dump filter also holds in every child, through exec; not being dumpable ends at exec. So it comes first:
    afterwards the file belongs to root.
    """
    if sys.platform == "linux":
        try:
            descriptor = os.open("/proc/self/coredump_filter", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            pass
        else:
            os.write(descriptor, b"0")
            os.close(descriptor)
    return _prctl(_PR_SET_DUMPABLE, 0)


@contextlib.contextmanager
def dumps_allowed() -> Generator[None]:
    """For a moment without the half of `forbid_dumps` that gives what describes this process to root: an ordinary
    user's process cannot write it otherwise.
    """
    _prctl(_PR_SET_DUMPABLE, 1)
    try:
        yield
    finally:
        _prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> bool:
    """Become the parent of every descendant whose own parent ends."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> bool:
    """No setuid program gains anything from here on, in this process and all it starts."""
    return _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def leave_capabilities_behind() -> bool:
    """A service may have been given some that its programs inherit, such as to listen on a port below 1024; from the
    next program on they are gone.
    """
    return _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)


def end_first_when_memory_is_short() -> None:
    """Let the kernel choose this process and its children before the platform's own when no memory is left."""
    if sys.platform == "linux":
        allowed = contextlib.nullcontext() if os.geteuid() == 0 else dumps_allowed()
        with allowed, contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
            file.write(b"500")


def give_memory_back() -> bool:
    """Free pages that the C library holds return to the system, where it has a call for that (glibc)."""
    trim = getattr(libc, "malloc_trim", None)
    return trim is not None and trim(0) == 1


def share_heaps() -> bool:
    """All threads of this process take memory from two heaps (glibc), to be called before they start.

    It gives each thread one of its own, up to eight a processor, and what a thread has freed no other gets: a plane
    that answered a crowd kept the peak of each of its threads. Two do where one thread at a time runs Python.
    """
    option = getattr(libc, "mallopt", None)
    return option is not None and option(_M_ARENA_MAX, 2) == 1


def end_with_parent(signal_number: int) -> bool:
    """Receive a signal when the parent dies. To be called after the last change of uid, which clears it."""
    return _prctl(_PR_SET_PDEATHSIG, signal_number)


def made_at(folder: int, name: str) -> float | None:
    """When an entry of an open folder was made, by the system's clock; None where that is not told.

    Nobody can set it, and neither a rename nor what is written later changes it.
    """
    ask = getattr(libc, "statx", None)
    if ask is None:
        return None
    answer = ctypes.create_string_buffer(_STATX_BYTES)
    if ask(folder, os.fsencode(name), _AT_SYMLINK_NOFOLLOW, _STATX_BTIME, answer) != 0:
        return None
    told: int = struct.unpack_from("=I", answer)[0]
    seconds, nanoseconds = struct.unpack_from("=qI", answer, 80)
    return seconds + nanoseconds / 10**9 if told & _STATX_BTIME else None


def _prctl(option: int, value: int) -> bool:
    return libc is not None and libc.prctl(option, value, 0, 0, 0) == 0
