"""A Postgres of its own for tests, where the machine has one; it runs as an ordinary user, since it refuses root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

HAS_POSTGRES = shutil.which("initdb") is not None


@contextmanager
def running_postgres() -> Generator[str]:
    """The SQLAlchemy URL of an empty server that answers on a unix socket only; it is gone after the block."""
    root = Path(tempfile.mkdtemp(prefix="pg-"))
    root.chmod(0o711)
    place = root / "db"
    place.mkdir(mode=0o700)
    as_user = _as_ordinary_user(place)
    environment = {"PATH": os.environ["PATH"], "HOME": str(place), "LC_ALL": "C"}
    settings = f"-c listen_addresses='' -c unix_socket_directories={place} -c fsync=off"

    def run(*command: str) -> None:
        subprocess.run(
            [*as_user, *command], env=environment, cwd="/", check=True, timeout=60, stdout=subprocess.DEVNULL
        )

    try:
        run(
            "initdb",
            "--pgdata",
            str(place / "data"),
            "--username=postgres",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
        )
        run(
            "pg_ctl",
            "--pgdata",
            str(place / "data"),
            "--log",
            str(place / "log"),
            "--wait",
            "--options",
            settings,
            "start",
        )
        try:
            yield f"postgresql+asyncpg://postgres@/postgres?host={place}"
        finally:
            run("pg_ctl", "--pgdata", str(place / "data"), "--mode=immediate", "--wait", "stop")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _as_ordinary_user(place: Path) -> list[str]:
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
