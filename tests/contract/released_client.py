"""The unmodified `dlthub` command as one user: own uid, own HOME, own copies of workspaces (BORDERS 4).

client.run("job", "list", cwd=workspace)                          plain, no terminal
client.run_in_pty(["workspace", "connect"], [("region", "1")])    answers what is asked
with client.started("login", "--device") as session:              goes on while the test does something
    session.wait_for("user code")
"""

from __future__ import annotations

import os
import pty
import re
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.contract.client_environment import ClientEnvironment, as_uid

RUN_SECONDS = 300.0

INSTALLER = re.compile(r"UV_(?!CACHE_DIR$).*|PIP_.*|SSL_CERT_(FILE|DIR)|(HTTPS?|ALL)_PROXY", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended. In a pty both streams come as `stdout`."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Both streams."""
        return self.stdout + self.stderr


class Session:
    """A running command whose output is read as it comes."""

    def __init__(self, process: subprocess.Popen[bytes], reader: int, writer: int) -> None:
        self.process = process
        self._reader = reader
        self._writer = writer
        self._seen = bytearray()
        self._answered = 0

    @property
    def text(self) -> str:
        """All that was said so far."""
        return self._seen.decode(errors="replace")

    def wait_for(self, pattern: str, seconds: float = RUN_SECONDS) -> re.Match[str]:
        """Read on until the pattern (a regular expression, case ignored) appears after the last answer.

        Raises: AssertionError when the command ends or the time is over first.
        """
        deadline = time.monotonic() + seconds
        while True:
            found = re.compile(pattern, re.IGNORECASE).search(self.text, self._answered)
            if found is not None:
                return found
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{pattern!r} did not appear in: {self.text}")

    def answer(self, reply: str) -> None:
        """Type a line. What is waited for next must come after it."""
        self._answered = len(self.text)
        os.write(self._writer, reply.encode() + b"\n")

    def wait(self, seconds: float = RUN_SECONDS) -> Outcome:
        """Read to the end. Raises: AssertionError when the time is over."""
        deadline = time.monotonic() + seconds
        while self._read(deadline - time.monotonic()):
            continue
        try:
            code = self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the command does not end: {self.text}") from None
        return Outcome(code, self.text, "")

    def interrupt(self, seconds: float = RUN_SECONDS) -> Outcome:
        """Ctrl+C until the command ends, as a person presses it again when nothing happens.

        Once is not enough for a program that asks: a signal between the interpreter's last look at signals and its
        wait for the keyboard is noticed only at the next key. Raises: AssertionError when the time is over.
        """
        deadline = time.monotonic() + seconds
        while True:
            os.killpg(self.process.pid, signal.SIGINT)
            try:
                return self.wait(min(3.0, deadline - time.monotonic()))
            except AssertionError:
                if time.monotonic() >= deadline:
                    raise

    def _read(self, seconds: float) -> bool:
        """One piece of output; False at the end of it, or of the time."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            if seconds <= 0 or not selector.select(seconds):
                return False
        try:
            piece = os.read(self._reader, 65536)
        except OSError:
            # a pty whose other side is closed
            return False
        self._seen += piece
        return bool(piece)


class RealClient:
    """One user of the released command line against one platform."""

    def __init__(self, environment: ClientEnvironment, home: Path, uid: int | None, api_base_url: str) -> None:
        self.environment = environment
        self.home = home
        self.uid = uid
        self.api_base_url = api_base_url

    def run(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, seconds: float = RUN_SECONDS
    ) -> Outcome:
        """Run to the end without a terminal. Raises: AssertionError when it does not end."""
        return self._run([str(self.environment.command), *words], cwd, env, seconds)

    def run_python(
        self,
        code: str,
        *words: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        seconds: float = RUN_SECONDS,
    ) -> Outcome:
        """Run a program in the client's interpreter, as the same user: for the SDK and the client's own parts."""
        return self._run([str(self.environment.python), "-c", code, *words], cwd, env, seconds)

    def start_python(self, code: str) -> subprocess.Popen[str]:
        """Starts a program in the client's interpreter, as the same user, with pipes to it; its errors are ours."""
        return subprocess.Popen(
            [*as_uid(self.uid), str(self.environment.python), "-c", code],
            cwd=self.home,
            env=self._environ({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run_in_pty(
        self,
        words: Sequence[str],
        answers: Sequence[tuple[str, str]] = (),
        *,
        cwd: Path | None = None,
        seconds: float = RUN_SECONDS,
    ) -> Outcome:
        """Run in a terminal of 120 by 40; each answer is typed when its pattern appears, in order."""
        with self.started(*words, cwd=cwd, in_pty=True) as session:
            for pattern, reply in answers:
                session.wait_for(pattern, seconds)
                session.answer(reply)
            return session.wait(seconds)

    @contextmanager
    def started(
        self, *words: str, cwd: Path | None = None, in_pty: bool = False, env: Mapping[str, str] | None = None
    ) -> Generator[Session]:
        """A command that goes on; ended at the end of the block if it still runs."""
        reader, theirs = pty.openpty() if in_pty else os.pipe()
        if in_pty:
            os.set_blocking(reader, True)
        argv = [*as_uid(self.uid), str(self.environment.command), *words]
        process = subprocess.Popen(
            argv,
            cwd=cwd or self.home,
            env=self._environ({"COLUMNS": "120", "LINES": "40", **(env or {})}),
            stdin=theirs if in_pty else subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        try:
            yield Session(process, reader, reader)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(reader)

    def copy_workspace(self, source: Path, name: str = "workspace") -> Path:
        """A copy of a workspace folder in this user's home, owned by it."""
        target = self.home / name
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", ".venv"))
        self.own(target)
        return target

    @property
    def kept_secrets(self) -> Path:
        """Where the command keeps its session (Contract: 2.2)."""
        return self.home / ".dlt" / "secrets.toml"

    def own(self, folder: Path) -> None:
        """Give a folder and all below it to this user."""
        if self.uid is None:
            return
        os.lchown(folder, self.uid, self.uid)
        for parent, folders, files in os.walk(folder):
            for entry in (*folders, *files):
                os.lchown(os.path.join(parent, entry), self.uid, self.uid)

    def _run(self, argv: list[str], cwd: Path | None, env: Mapping[str, str] | None, seconds: float) -> Outcome:
        try:
            done = subprocess.run(
                [*as_uid(self.uid), *argv],
                check=False,
                cwd=cwd or self.home,
                env=self._environ(env or {}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as exc:
            said = (exc.stdout or b"") + (exc.stderr or b"")
            raise AssertionError(f"{argv} does not end: {said.decode(errors='replace')}") from None
        return Outcome(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def _environ(self, more: Mapping[str, str]) -> dict[str, str]:
        """Built from nothing but what an installer needs to reach its package index."""
        return {
            **{name: value for name, value in os.environ.items() if INSTALLER.fullmatch(name)},
            "NO_PROXY": "127.0.0.1,localhost",
            "HOME": str(self.home),
            "PATH": f"{self.environment.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "NO_COLOR": "1",
            "BROWSER": "true",
            "PYTHONUNBUFFERED": "1",
            "VIRTUAL_ENV": str(self.environment.folder),
            "RUNTIME__API_BASE_URL": self.api_base_url,
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            **more,
        }
