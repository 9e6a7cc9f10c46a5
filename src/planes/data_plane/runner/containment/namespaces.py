"""Namespaces: a step sees its own processes only, and has a `/tmp` and shared memory of its own."""

import contextlib
import ctypes
import os
import struct
from collections.abc import Mapping, Sequence

from planes.data_plane.runner.kernel import dumps_allowed, libc

_MOUNTS, _MESSAGES, _USERS, _PROCESSES = 0x00020000, 0x08000000, 0x10000000, 0x20000000
_NO_SETUID, _NO_DEVICES, _NO_PROGRAMS, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 2, 4, 8, 32, 4096, 16384, 1 << 18
_SET_ATTRIBUTES, _HERE, _ALL_BELOW, _READ_ONLY = 442, -100, 0x8000, 1
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a place to mount at
TERMINALS, NEW_TERMINAL = "/dev/pts", "/dev/ptmx"
TEMPORARY = "/tmp"  # noqa: S108 - a place to mount at
MEMORY_BYTES = 1024**3
"""What fits in each place that is in memory."""

_OWN = ("/proc", SHARED_MEMORY, TERMINALS, TEMPORARY)


def enter() -> None:
    """The next process forked is the first of its own; mounts are this process's own at once. Raises: OSError.

    An ordinary user may do so inside a user namespace, in which it stays who it is.
    """
    if libc is None:
        raise OSError(0, "this system has no namespaces")
    if os.geteuid() == 0:
        _unshare(_MOUNTS | _MESSAGES | _PROCESSES)
        return
    user, group = os.geteuid(), os.getegid()
    _unshare(_USERS | _MOUNTS | _MESSAGES | _PROCESSES)
    with dumps_allowed():
        for name, content in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(content)


def mount_own(temporary: str | None, read: Sequence[str], write: Sequence[str]) -> None:
    """In the first process: its own `/proc`, shared memory, terminals, and `temporary` as `/tmp`. Raises: OSError.

    Where something that is needed lies below `/tmp`, that is a folder in memory instead, with it at its place: where
    the job may have put links before, nothing is made for it. Nothing outside of these and of `write` can be changed:
    Landlock does not keep a file's owner from changing its mode or times.
    """
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    _mount("proc", "/proc", "proc", _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS)
    if os.path.isdir(SHARED_MEMORY):
        _mount_memory(SHARED_MEMORY)
    if os.path.isdir(TERMINALS):
        _mount("devpts", TERMINALS, "devpts", _NO_SETUID | _NO_PROGRAMS, "newinstance,ptmxmode=0666,mode=620")
        _mount(f"{TERMINALS}/ptmx", NEW_TERMINAL, None, _BIND)
    below = {path: path in write for path in (*read, *write) if path.startswith(TEMPORARY + "/")}
    if below:
        _mount_around(below)
    elif temporary is not None:
        _mount(temporary, TEMPORARY, None, _BIND)
    _keep_the_rest(write)


def _mount_around(needed: Mapping[str, bool]) -> None:
    """`needed` says of each path whether it may be changed: what may be done to `/tmp` would go for all below it."""
    places = {
        path: os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        for path in needed
        if os.path.exists(path) and not os.path.islink(path)
    }
    try:
        _mount_memory(TEMPORARY)
        for path, place in sorted(places.items()):
            if not os.path.exists(path):
                _make_place(path, is_folder=os.path.isdir(f"/proc/self/fd/{place}"))
            _mount(f"/proc/self/fd/{place}", path, None, _BIND | _RECURSIVE)
            if not needed[path]:
                kept = os.statvfs(path).f_flag & (os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME)
                _mount(None, path, None, _REMOUNT | _BIND | os.ST_RDONLY | kept)
    finally:
        for place in places.values():
            os.close(place)


def _keep_the_rest(write: Sequence[str]) -> None:
    """Makes every mount read-only but those for `write` and what is the step's own anyway."""
    changed = [path for path in write if os.path.exists(path) and not os.path.islink(path)]
    for path in changed:
        _mount(path, path, None, _BIND | _RECURSIVE)
    kept = _changeable((*_OWN, *changed))
    try:
        _set_attributes("/", _READ_ONLY, 0)
    except OSError:
        return  # a kernel before 5.12, which has no Landlock either
    for path in kept:
        with contextlib.suppress(OSError):  # hidden by another
            _set_attributes(path, 0, _READ_ONLY)


def _changeable(folders: Sequence[str]) -> list[str]:
    """The mounts at and below these that are not read-only."""
    found: dict[str, bool] = {}
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            place, options = line.split(" ")[4:6]
            for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
                place = place.replace(code, character)
            found[place] = "ro" not in options.split(",")  # the last one at a place hides those before
    return [
        place
        for place, may_be_changed in found.items()
        if may_be_changed and any(f"{place}/".startswith(f"{folder}/") for folder in folders)
    ]


def _set_attributes(place: str, added: int, removed: int) -> None:
    """Of a mount and, when some are added, of all below it. Raises: OSError."""
    assert libc is not None, "asked for before"
    attributes = ctypes.create_string_buffer(struct.pack("=4Q", added, removed, 0, 0), 32)
    if libc.syscall(_SET_ATTRIBUTES, _HERE, os.fsencode(place), _ALL_BELOW if added else 0, attributes, 32) != 0:
        _raise(place)


def _mount_memory(place: str) -> None:
    _mount("tmpfs", place, "tmpfs", _NO_SETUID | _NO_DEVICES, f"mode=1777,size={MEMORY_BYTES}")


def _make_place(path: str, *, is_folder: bool) -> None:
    folder = path if is_folder else os.path.dirname(path)
    missing: list[str] = []
    while not os.path.exists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for name in reversed(missing):
        os.mkdir(name)
        os.chmod(name, 0o755)  # noqa: S103 - a way through, in memory
    if not is_folder:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def _unshare(what: int) -> None:
    assert libc is not None, "asked for before"
    if libc.unshare(what) != 0:
        _raise("namespaces")


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    assert libc is not None, "asked for before"
    coded = [text.encode() if text is not None else None for text in (source, target, kind, options)]
    if libc.mount(coded[0], coded[1], coded[2], ctypes.c_ulong(flags), coded[3]) != 0:
        _raise(target)


def _raise(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number), what)
