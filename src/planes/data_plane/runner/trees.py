"""Going through folders in which a job did what it liked: links are never followed, and none lies too deep.

A path has 4,096 bytes at most, and a process a number of descriptors: folders may lie deeper than either. So a single
descriptor goes down and up again.
"""

import os
import stat
from collections.abc import Callable, Generator

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWN = stat.S_IRWXU

Walk = Generator[None, None, None]
Look = Callable[[int], Generator[None, None, list[str]]]
"""Given a folder's descriptor: the names of those in it that are to be gone into."""


def descend(root: str, look: Look, leave: Callable[[int, str], object] | None = None) -> Walk:
    """Looks at the folder and all that `look` names, parents first; `leave` is told of each one that was gone through,
    by its parent's descriptor and its name.

    Stops at every folder, to be gone on with. One that cannot be entered, or is moved meanwhile, is passed over.
    Raises: OSError when there is no such folder.
    """
    here = os.open(root, _FOLDER)
    way: list[tuple[tuple[int, int], list[str]]] = []
    names: list[str] = []
    try:
        way.append((_identity(here), (yield from look(here))))
        while True:
            if way[-1][1]:
                name = way[-1][1].pop()
                inner = _enter(here, name)
                if inner is None:
                    continue
                os.close(here)
                here = inner
                names.append(name)
                way.append((_identity(here), (yield from look(here))))
                yield
                continue
            way.pop()
            if not way:
                return
            depth = len(way)
            here = _rise(root, here, names, way)
            if len(way) == depth and leave is not None:
                leave(here, names[-1])
            del names[len(way) - 1 :]
    finally:
        os.close(here)


def remove_tree(root: str) -> None:
    """Removes a folder with all that is in it, also what a job of this user has closed. Raises: OSError."""
    if os.geteuid() != 0 and stat.S_ISDIR(os.lstat(root).st_mode):
        os.chmod(root, _OWN)
    for _ in descend(root, _clear, _remove_folder):
        pass
    os.rmdir(root)


def _clear(folder: int) -> Generator[None, None, list[str]]:
    yield from ()
    folders: list[str] = []
    with os.scandir(folder) as listed:
        entries = list(listed)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry.name)
            if os.geteuid() != 0 and entry.stat(follow_symlinks=False).st_mode & _OWN != _OWN:
                os.chmod(entry.name, _OWN, dir_fd=folder)
        else:
            os.unlink(entry.name, dir_fd=folder)
    return folders


def _remove_folder(parent: int, name: str) -> None:
    os.rmdir(name, dir_fd=parent)


def _enter(here: int, name: str) -> int | None:
    """A folder that can also be left again."""
    try:
        inner = os.open(name, _FOLDER, dir_fd=here)
    except OSError:
        return None
    try:
        os.stat("..", dir_fd=inner)
    except OSError:
        os.close(inner)
        return None
    return inner


def _rise(root: str, here: int, names: list[str], way: list[tuple[tuple[int, int], list[str]]]) -> int:
    """The folder above, instead of `here`. Where it was moved: the last one on the way that is still at its place, to
    which `way` is cut.
    """
    try:
        above = os.open("..", _FOLDER, dir_fd=here)
    except OSError:
        above = None
    if above is not None and _identity(above) == way[-1][0]:
        os.close(here)
        return above
    if above is not None:
        os.close(above)
    found = os.open(root, _FOLDER)
    for depth, name in enumerate(names[: len(way) - 1], 1):
        inner = _enter(found, name)
        if inner is None or _identity(inner) != way[depth][0]:
            if inner is not None:
                os.close(inner)
            del way[depth:]
            break
        os.close(found)
        found = inner
    os.close(here)
    return found


def _identity(folder: int) -> tuple[int, int]:
    found = os.fstat(folder)
    return found.st_dev, found.st_ino
