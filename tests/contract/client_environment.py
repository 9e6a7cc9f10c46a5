"""Virtual environments with the released client, each built once per machine and readable for every uid."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uv

NEWEST = "0.28.7"
DLT = "dlt[duckdb]==1.31.0"
PROBE_UID = 61000
BUILD_SECONDS = 600


@dataclass(frozen=True, slots=True)
class ClientEnvironment:
    """The released client and the interpreter it runs on."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def command(self) -> Path:
        """The command `dlthub`."""
        return self.folder / "bin" / "dlthub"


def as_uid(uid: int | None) -> list[str]:
    """The beginning of a command that runs as another uid, without any capability of ours; empty for our own uid.

    `env` stands between, because setpriv keeps capabilities for the look-up of its first program.
    """
    if uid is None:
        return []
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--bounding-set=-all", "--", "env", "--"]


def client_environment(version: str = NEWEST, *more: str) -> ClientEnvironment:
    """Build or find the one of a version, with more packages beside it.

    Needs the package index only the first time. Raises: RuntimeError with uv's words.
    """
    python = _readable_python()
    packages = (DLT, f"dlthub-client=={version}", *more)
    key = hashlib.sha256(repr((packages, python, "with byte code")).encode()).hexdigest()[:16]
    folder = cache_folder() / f"released-client-{key}"
    with only_one(folder.with_suffix(".lock")):
        ready = folder / "ready"
        if not ready.exists():
            _uv("venv", "--clear", "--python", python, str(folder))
            _uv("pip", "install", "--python", str(folder / "bin" / "python"), *packages)
            ready.touch()
    return ClientEnvironment(folder)


def _readable_python() -> str:
    """An interpreter that an ordinary uid can start: one below a 0700 home cannot be used (BORDERS 4)."""
    if os.getuid() != 0:
        return sys.executable
    own = os.path.realpath(sys.executable)
    minor = sys.version_info.minor
    names = [own, *(f"/usr/bin/python3.{n}" for n in (minor, 11, 12, 13, 14)), "/usr/local/bin/python3"]
    for name in names:
        if os.path.exists(name) and _starts(name):
            return name
    raise RuntimeError(f"no interpreter that an ordinary uid can start, of {names}")


def _starts(python: str) -> bool:
    probe = [*as_uid(PROBE_UID), python, "-I", "-c", "import ssl, sqlite3, sys; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(probe, check=False, capture_output=True, cwd="/", timeout=240).returncode == 0


def cache_folder() -> Path:
    """The user's cache; for root a folder outside its home, which other uids may enter."""
    if os.getuid() != 0:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dlthub-tui-tests"
        cache.mkdir(parents=True, exist_ok=True)
        return cache
    cache = Path(tempfile.gettempdir()) / "dlthub-tui-tests-root"
    cache.mkdir(mode=0o755, exist_ok=True)
    found = cache.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise RuntimeError(f"{cache} belongs to somebody else")
    return cache


def _uv(*words: str) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")}
    # Copies: hard links would carry the modes of a private cache. Byte code: its users cannot write it, and without it
    # each command compiles the client anew (2.0 s of processor time instead of 1.0 s).
    env |= {"UV_PYTHON_DOWNLOADS": "never", "UV_LINK_MODE": "copy", "UV_COMPILE_BYTECODE": "1"}
    done = subprocess.run(
        [uv.find_uv_bin(), "--no-progress", *words],
        check=False,
        capture_output=True,
        text=True,
        env=env,
        umask=0o022,
        timeout=BUILD_SECONDS,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the released client cannot be installed: {done.stderr}")


@contextmanager
def only_one(lock: Path) -> Generator[None]:
    """One process at a time, by this lock file."""
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
