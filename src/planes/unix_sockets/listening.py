"""Where sockets lie and listen. An address holds some 100 bytes, the path of a folder in a home may be longer.

Linux reaches the folder through a descriptor of it, so that a socket lies where it belongs. Elsewhere a socket whose
path is too long lies in a folder that is made for it.
"""

import errno
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

# macOS takes 103 bytes, Linux 107.
_LONGEST = 100
_DESCRIPTORS = Path("/proc/self/fd")
_ELSEWHERE = Path("/tmp")  # noqa: S108 - a folder in it is made by us, 0700, with a random name
_PREFIX = "dlthub-tui-"


def socket_place(wanted: Path) -> Path:
    """Where a socket may listen that is wanted at this path: there, or in a fresh folder. Raises: OSError."""
    if _fits(wanted) or _DESCRIPTORS.is_dir():
        return wanted
    folder = _ELSEWHERE / f"{_PREFIX}{os.urandom(8).hex()}"
    folder.mkdir(mode=0o700)
    return folder / wanted.name


def listen_unix(path: Path, most_waiting: int = 128) -> socket.socket:
    """A listening socket, 0600. It replaces an old one: its caller holds a lock and knows it dead. Raises: OSError."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with socket_address(path) as address:
            listener.bind(address)
        path.chmod(0o600)
        listener.listen(most_waiting)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def remove_socket(path: Path) -> None:
    """Takes a socket away, and the folder that was made for it once it is empty. May run twice."""
    path.unlink(missing_ok=True)
    if path.parent.parent == _ELSEWHERE and path.parent.name.startswith(_PREFIX):
        with suppress(OSError):
            path.parent.rmdir()


@contextmanager
def socket_address(path: Path) -> Generator[str]:
    """What binds or connects to the socket at this path, within the block. Raises: OSError."""
    if _fits(path):
        yield str(path)
        return
    if not _DESCRIPTORS.is_dir():
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), str(path))
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield str(_DESCRIPTORS / str(folder) / path.name)
    finally:
        os.close(folder)


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= _LONGEST
