"""Databases for tests of storage and of the control plane: SQLite always, Postgres where `initdb` is."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from planes.domain.identifiers import new_id


@dataclass(frozen=True)
class Postgres:
    """A server of this test session, on a unix socket."""

    socket_folder: Path

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://tester@/{name}?host={self.socket_folder}"

    async def create(self, name: str) -> str:
        """A new empty database; its URL."""
        engine = create_async_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                await connection.execute(text(f'create database "{name}"'))
        finally:
            await engine.dispose()
        return self.url(name)


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres | None]:
    """None where Postgres is not installed. `initdb` refuses root, so then it runs as an ordinary uid."""
    initdb, server = shutil.which("initdb"), shutil.which("postgres")
    as_user = _ordinary_user()
    if initdb is None or server is None or as_user is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: the path of a socket is bounded
    try:
        if os.geteuid() == 0:
            os.chown(folder, as_user[1], as_user[2])
        prepare = [*as_user[0], initdb, "-D", str(folder / "d"), "-U", "tester", "-A", "trust", "-N"]
        subprocess.run(prepare, check=True, capture_output=True, cwd=folder)
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200", "-k", str(folder)]
        process = subprocess.Popen(
            [*as_user[0], server, "-D", str(folder / "d"), *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        try:
            _wait_ready(process, folder)
            yield Postgres(folder)
        finally:
            process.send_signal(signal.SIGINT)  # a fast stop
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres | None, anyio_backend: str
) -> str:
    """The URL of a new, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'control.db'}"
    if postgres is None:
        pytest.skip("Postgres is not installed here")
    return await postgres.create(f"test_{new_id()}")


def _ordinary_user() -> tuple[list[str], int, int] | None:
    """What to put before a command so that it does not run as root, with that uid and gid."""
    if os.geteuid() != 0:
        return [], os.geteuid(), os.getegid()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return None
    user = pwd.getpwnam("nobody")
    # A killed test run takes its server with it.
    words = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=INT"]
    return words, user.pw_uid, user.pw_gid


def _wait_ready(process: subprocess.Popen[bytes], folder: Path) -> None:
    """The postmaster writes `ready` into its pid file when it takes connections."""
    pid_file = folder / "d" / "postmaster.pid"
    deadline = time.monotonic() + 90
    while process.poll() is None and time.monotonic() < deadline:
        if pid_file.exists() and "ready" in pid_file.read_text():
            return
        time.sleep(0.02)  # noqa: TID251 - the start of a process is no event
    raise RuntimeError("Postgres did not start")
