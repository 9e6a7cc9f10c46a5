"""Whether another uid can use a file: the job's uid has to reach interpreter, builder, environment and run folder.

Modes decide, not a trial: the platform is root here, to whom everything is open.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import DEVNULL, run

import uv

from planes.data_plane.executor.environments import builder

_MINIMUM = (3, 11)
_SYSTEM_FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin")
_PROBE_SECONDS = 10


class Unreachable(Exception):
    """Something that the job's uid needs is closed to it; the message names the folder or file."""


def obstacle(path: Path, uid: int, gid: int) -> str | None:
    """Why this uid cannot read the path, as words for the person who can change it; None if it can.

    Every folder on the way must be open to it, also those behind symbolic links.
    """
    for place in _places(path):
        try:
            status = place.stat()
        except OSError as exc:
            return f"{place} cannot be read: {exc.strerror}"
        wanted = 0o1 if stat.S_ISDIR(status.st_mode) else 0o4
        if not _grants(status, uid, gid, wanted):
            return f"{place} is closed to uid {uid} (mode {stat.S_IMODE(status.st_mode):04o})"
    return None


def builder_python(uid: int | None, gid: int | None) -> str:
    """The interpreter that runs the builder: ours, or one of the system if the job's uid cannot read ours.

    The builder needs nothing but the standard library, so any Python from 3.11 on will do.
    Raises: Unreachable when there is none.
    """
    if uid is None or gid is None:
        return sys.executable
    problem = _first_obstacle((Path(sys.executable), Path(sysconfig.get_path("stdlib"))), uid, gid)
    if problem is None:
        return sys.executable
    for candidate in _system_interpreters():
        if _first_obstacle((Path(candidate),), uid, gid) is None:
            return candidate
    raise Unreachable(
        f"The job's user cannot run this platform's Python: {problem}. "
        "Install the platform with an interpreter outside of closed home folders, or a system Python from 3.11 on."
    )


@dataclass(frozen=True, slots=True)
class Tools:
    """What builds an environment."""

    builder: Path
    uv: Path


def find_tools(uid: int | None, gid: int | None, copies: Path | None) -> Tools:
    """The builder and the `uv` binary where the job's uid can use them: as installed, else copied to `copies`.

    Raises: Unreachable.
    """
    installed = Tools(Path(builder.__file__), Path(os.fsdecode(uv.find_uv_bin())))
    if uid is None or gid is None:
        return installed
    problem = _first_obstacle((installed.builder, installed.uv), uid, gid)
    if problem is None:
        return installed
    if copies is not None:
        copied = copy_tools(installed, copies)
        problem = _first_obstacle((copied.builder, copied.uv), uid, gid)
        if problem is None:
            return copied
    raise Unreachable(
        f"The job's user cannot run the environment builder: {problem}. "
        "Install the platform, or put its home, outside of closed folders."
    )


def copy_tools(installed: Tools, folder: Path) -> Tools:
    """Copies what changed since, readable for everyone; whoever runs the old file meanwhile keeps it."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.chmod(0o755)
    copied = Tools(folder / "builder.py", folder / "uv")
    for source, target, mode in ((installed.builder, copied.builder, 0o644), (installed.uv, copied.uv, 0o755)):
        if target.exists() and target.stat().st_mtime_ns == source.stat().st_mtime_ns:
            continue
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copy2(source, beside)
        beside.chmod(mode)
        beside.replace(target)
    return copied


def interpreter_folders() -> tuple[str, ...]:
    """Where the builder looks for interpreters, ours first."""
    own = (sysconfig.get_config_var("BINDIR"), os.path.dirname(os.path.realpath(sys.executable)))
    return tuple(dict.fromkeys([*(str(folder) for folder in own if folder), *_SYSTEM_FOLDERS]))


def _first_obstacle(paths: Iterable[Path], uid: int, gid: int) -> str | None:
    return next((found for path in paths if (found := obstacle(path, uid, gid)) is not None), None)


def _places(path: Path) -> Sequence[Path]:
    """The path, what its links lead to, and every folder above these."""
    ends = [path.absolute()]
    while ends[-1].is_symlink() and len(ends) < 40:
        ends.append(Path(os.path.normpath(ends[-1].parent / ends[-1].readlink())))
    ends.append(path.resolve())
    ordered = [place for end in ends for place in (*reversed(end.parents), end)]
    return list(dict.fromkeys(ordered))


def _grants(status: os.stat_result, uid: int, gid: int, wanted: int) -> bool:
    if status.st_uid == uid:
        return status.st_mode >> 6 & wanted == wanted
    if status.st_gid == gid:
        return status.st_mode >> 3 & wanted == wanted
    return status.st_mode & wanted == wanted


@cache
def _system_interpreters() -> tuple[str, ...]:
    names = ["python3", *(f"python3.{minor}" for minor in range(20, _MINIMUM[1] - 1, -1))]
    paths = [os.path.join(folder, name) for folder in _SYSTEM_FOLDERS for name in names]
    return tuple(path for path in paths if os.access(path, os.X_OK) and _is_recent(path))


def _is_recent(path: str) -> bool:
    code = f"import sys; sys.exit(sys.version_info < {_MINIMUM!r})"
    try:
        done = run(
            [path, "-I", "-S", "-c", code],
            check=False, stdin=DEVNULL, capture_output=True, env={}, timeout=_PROBE_SECONDS,
        )  # fmt: skip
    except OSError:
        return False
    return done.returncode == 0
