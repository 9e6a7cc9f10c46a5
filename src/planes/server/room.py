"""How many connections this process has room for (Reliability: R12).

Each takes a descriptor, and databases, logs and runners need some of the same: a plane whose descriptors are all taken
by clients can start no run and store no line. So half of what the system allows is for connections, all servers of the
process together, and who comes beyond that is told to come again.
"""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Generator, Sized
from contextlib import contextmanager

from planes.domain.errors import Unavailable

_MOST_DESCRIPTORS = 65_536
_MOST_WAITING = 2048
# A platform at rest has some 75 open; with 64 it says that it is ready, and then everything that it does fails.
_FEWEST_DESCRIPTORS = 128

_served: list[Sized] = []


def take_all_descriptors() -> None:
    """Raises this process's own limit as far as it may; systems begin with 1,024. May run again.

    Raises: Unavailable where that is too few to work with.
    """
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, _MOST_DESCRIPTORS)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        with contextlib.suppress(ValueError, OSError):  # then it stays as it is
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    if _descriptors() < _FEWEST_DESCRIPTORS:
        raise Unavailable(
            "too_few_open_files",
            f"This process may have {_descriptors()} files open at once; a platform needs {_FEWEST_DESCRIPTORS}. "
            "Raise the limit: ulimit -n, or LimitNOFILE= in a unit of systemd.",
        )


def most_connections() -> int:
    """How many are answered."""
    return _descriptors() // 2 - most_waiting()


def most_waiting() -> int:
    """How many may wait to be accepted. They come in all at once, so there has to be room for them, too."""
    return max(16, min(_MOST_WAITING, _descriptors() // 8))


@contextmanager
def counted(connections: Sized) -> Generator[None]:
    """While it lasts, these count: the open connections of one server."""
    _served.append(connections)
    try:
        yield
    finally:
        _served[:] = [each for each in _served if each is not connections]


def excess() -> int:
    """By how many connections there is no room; zero or less while there is."""
    return sum(map(len, _served)) - most_connections()


def _descriptors() -> int:
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _MOST_DESCRIPTORS if allowed == resource.RLIM_INFINITY else min(allowed, _MOST_DESCRIPTORS)
