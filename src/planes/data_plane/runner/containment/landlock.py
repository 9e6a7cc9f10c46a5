"""Landlock: from here on a process and all it starts reach the files that are granted, and nothing else.

The numbers are those of the kernel's interface (`linux/landlock.h`); a version of it that lacks a right does without.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from planes.data_plane.runner.kernel import libc

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_CHANGE_FOLDERS = sum(1 << bit for bit in range(4, 13))
_REFER, _TRUNCATE, _CONTROL_DEVICES = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _CONTROL_DEVICES

READ = _EXECUTE | _READ_FILE | _READ_DIR
USE = _READ_FILE | _WRITE_FILE | _TRUNCATE | _CONTROL_DEVICES
WRITE = READ | _WRITE_FILE | _CHANGE_FOLDERS | _REFER | _TRUNCATE

_ABSTRACT_SOCKETS, _SIGNALS = 1 << 0, 1 << 1

Grant = tuple[str, int]
"""A path, with all below it, and the rights there: READ, USE (of a device) or WRITE."""


def version() -> int:
    """The kernel's Landlock version; 0 without it."""
    found = libc.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION) if libc is not None else 0
    return max(0, found)


def restrict(grants: Iterable[Grant]) -> None:
    """Everything but this is closed, also signals and abstract sockets to processes outside where the kernel can.

    Paths that are not there, or are links by now, are left out. Privileges must have been given up before.
    Raises: OSError.
    """
    known = version()
    if libc is None or not known:
        raise OSError(0, "this kernel has no Landlock")
    handled = _handled(known)
    ruleset = _checked(_CREATE_RULESET, *_described(handled, known), 0)
    try:
        for path, rights in grants:
            _grant(ruleset, path, rights & handled)
        _checked(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _handled(known: int) -> int:
    rights = READ | _WRITE_FILE | _CHANGE_FOLDERS
    for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _CONTROL_DEVICES)):
        if known >= since:
            rights |= right
    return rights


def _described(handled: int, known: int) -> tuple[ctypes.Array[ctypes.c_char], int]:
    """The kernel refuses members that it does not know: rights, since 4 ports, since 6 what is scoped."""
    members = [handled]
    if known >= 4:
        members.append(0)
    if known >= 6:
        members.append(_ABSTRACT_SOCKETS | _SIGNALS)
    content = struct.pack(f"={len(members)}Q", *members)
    return ctypes.create_string_buffer(content, len(content)), len(content)


def _grant(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        mode = os.fstat(place).st_mode
        if stat.S_ISLNK(mode):
            return
        if not stat.S_ISDIR(mode):
            rights &= _OF_FILES
        content = struct.pack("=Qi", rights, place)
        _checked(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.create_string_buffer(content, len(content)), 0)
    finally:
        os.close(place)


def _checked(call: int, *arguments: object) -> int:
    assert libc is not None, "asked for before"
    found = libc.syscall(call, *arguments)
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return found
