"""A Postgres of its own for tests, where the machine has one; it runs as an ordinary user, since it refuses root."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from planes.domain.identifiers import new_id

START_SECONDS = 90
_IS_ROOT = os.geteuid() == 0
HAS_POSTGRES = all(map(shutil.which, ("initdb", "postgres", *(["setpriv"] if _IS_ROOT else []))))
# Nothing of it outlives the test, so nothing is synced, and of its journal little is kept.
_SETTINGS = {
    "listen_addresses": "", "fsync": "off", "full_page_writes": "off", "max_connections": "200",
    "max_wal_size": "64MB", "min_wal_size": "32MB",
}  # fmt: skip


@contextmanager
def running_postgres() -> Generator[str]:
    """The SQLAlchemy URL of an empty server that answers on a unix socket only; it is gone after the block."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: the path of a socket is bounded
    as_user = _as_ordinary_user(folder)
    settings = [f"--{name}={value}" for name, value in {**_SETTINGS, "unix_socket_directories": str(folder)}.items()]
    try:
        subprocess.run(
            [*as_user, "initdb", "-D", folder / "d", "-U", "tester", "-A", "trust", "-N", "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd="/",
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        )  # fmt: skip
        process = subprocess.Popen(
            [*as_user, "postgres", "-D", folder / "d", *settings],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        try:
            _wait_ready(process, folder / "d" / "postmaster.pid")
            yield f"postgresql+asyncpg://tester@/postgres?host={folder}"
        finally:
            process.send_signal(signal.SIGINT)  # a fast stop
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def new_database(server: str) -> AsyncGenerator[str]:
    """The URL of a new, empty database; it is gone after the block, so that a day of tests takes no room."""
    name = f"test_{new_id()}"
    await _command(server, f'create database "{name}"')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        await _command(server, f'drop database "{name}" with (force)')


async def _command(server: str, command: str) -> None:
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(command))
    finally:
        await engine.dispose()


def _as_ordinary_user(folder: Path) -> list[str]:
    """What to put before a command so that it does not run as root. The folder is that user's then."""
    if not _IS_ROOT:
        return []
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    # A killed test run takes its server with it.
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", "--pdeathsig=INT"]


def _wait_ready(process: subprocess.Popen[bytes], pid_file: Path) -> None:
    """The postmaster writes `ready` into its pid file when it takes connections."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if pid_file.exists() and "ready" in pid_file.read_text():
            return
        time.sleep(0.02)  # noqa: TID251 - the start of a process is no event
    raise RuntimeError("Postgres did not start")
