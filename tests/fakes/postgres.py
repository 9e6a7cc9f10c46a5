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
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from planes.domain.identifiers import new_id

START_SECONDS = 240
_IS_ROOT = os.geteuid() == 0
HAS_POSTGRES = all(map(shutil.which, ("initdb", "postgres", *(["setpriv"] if _IS_ROOT else []))))
# Nothing of it outlives the test, so nothing is synced, and of its journal little is kept.
_SETTINGS = {
    "listen_addresses": "", "fsync": "off", "full_page_writes": "off", "max_connections": "200",
    "max_wal_size": "64MB", "min_wal_size": "32MB",
}  # fmt: skip


class PostgresServer:
    """A server in a folder, which may be killed and started again. It answers on a unix socket only."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.folder = folder
        self.url = f"postgresql+asyncpg://tester@/postgres?host={folder}"
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it takes connections."""
        pid_file = self.folder / "d" / "postmaster.pid"
        pid_file.unlink(missing_ok=True)
        nothing = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, stdout=nothing, stderr=nothing, cwd="/")
        _wait_ready(self._process, pid_file)

    def stop(self) -> None:
        """A fast stop."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=240)

    def kill(self) -> None:
        """`kill -9` of all its processes at once."""
        assert self._process is not None
        every = [self._process.pid, *self._children()]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in every:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        self._process.wait(timeout=240)

    def kill_backends(self, database: str) -> int:
        """`kill -9` of the processes that serve connections to a database: how many there were."""
        wanted = f"postgres: tester {database} ".encode()
        pids = [pid for pid in self._children() if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(wanted)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(pids)

    def _children(self) -> list[int]:
        assert self._process is not None
        pid = self._process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def running_postgres() -> Generator[str]:
    """The SQLAlchemy URL of an empty server that answers on a unix socket only; it is gone after the block."""
    with postgres_server() as server:
        yield server.url


@contextmanager
def postgres_server() -> Generator[PostgresServer]:
    """The same as a server that can be killed."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: the path of a socket is bounded
    as_user = _as_ordinary_user(folder)
    settings = [f"--{name}={value}" for name, value in {**_SETTINGS, "unix_socket_directories": str(folder)}.items()]
    try:
        subprocess.run(
            [*as_user, "initdb", "-D", folder / "d", "-U", "tester", "-A", "trust", "-N", "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd="/",
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        )  # fmt: skip
        server = PostgresServer(folder, [*as_user, "postgres", "-D", str(folder / "d"), *settings])
        try:
            server.start()
            yield server
        finally:
            server.stop()
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
