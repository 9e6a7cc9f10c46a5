"""Getting a runner going: by the runner server, else cold. Blocking; called from worker threads."""

import functools
import importlib.util
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from io import FileIO

READY_SECONDS = 20.0
WARM_SECONDS = 5.0
_SERVER_ENDS_SECONDS = 2.0
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}


class RunNotStarted(Exception):
    """No runner took the run. `adopt` of its folder tells how it stands and settles it."""


class NoRoom(RunNotStarted):
    """A runner could not write what a run begins with; the message says why."""


class RunnerServer:
    """The process that forks runners; started again when it is found dead. Its end does not end a runner.

    It and its runners hold the descriptors `kept`.
    """

    def __init__(self, kept: tuple[int, ...] = ()) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The server's pid while it is believed to live."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the server if it does not run; it takes requests from then on, before it is warm too."""
        with self._lock:
            self._start()

    def request(self, document: int, ready: int, *, is_to_stand_by: bool = False) -> bool:
        """Ask for a runner on these descriptors, of a run or to stand by for one; False if the server is not there."""
        with self._lock:
            self._start()
            if self._socket is None:
                return False
            try:
                socket.send_fds(self._socket, [b"s" if is_to_stand_by else b"r"], [document, ready])
            except OSError:
                self._reap()
                return False
            return True

    def wait_warm(self, seconds: float) -> bool:
        """Whether it forks at once, or does before so long. Until then it takes what a cold start takes."""
        with self._lock:
            if self._socket is None:
                return False
            said = select.poll()
            said.register(self._socket.fileno(), select.POLLIN)  # its word, which nobody reads, or its end
        return bool(said.poll(seconds * 1000))

    def stop(self) -> None:
        """End the server; may run again."""
        with self._lock:
            self._reap()

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._reap()
        ours, theirs = socket.socketpair()
        ours.settimeout(READY_SECONDS)
        with theirs:
            self._process = _python("planes.data_plane.runner.server", theirs.fileno(), *self._kept)
        self._socket = ours

    def _reap(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            try:
                self._process.wait(_SERVER_ENDS_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def launch(
    server: RunnerServer | None,
    document: bytes,
    berth: Callable[[bytes], dict[str, object] | None] | None = None,
    kept: tuple[int, ...] = (),
) -> None:
    """Start a runner for a request and wait until it has taken the run. `berth` asks one that stands by.

    A runner that starts cold holds the descriptors `kept`, as those of the server do.

    Raises: RunNotStarted.
    """
    answer = berth(document) if berth is not None else None
    if answer is None and server is not None:
        answer = _launch_once(document, functools.partial(_ask, server), WARM_SECONDS)
        if answer is None:
            # It died or hangs. Should it fork after all, the folder's lock lets only one runner take the run.
            server.stop()
    if answer is None:
        answer = _launch_once(document, functools.partial(_start_cold, kept), READY_SECONDS)
    if answer is None:
        raise RunNotStarted("no runner took the run")
    if "cannot_write" in answer:
        raise NoRoom(f"It cannot write there: {answer['cannot_write']}")
    if "error" in answer:
        raise RunNotStarted(str(answer["error"]))


def _ask(server: RunnerServer, document: int, ready: int) -> bool:
    """A server that is still starting is no reason to start another interpreter, which takes as long."""
    return server.request(document, ready) and server.wait_warm(READY_SECONDS)


def _start_cold(kept: tuple[int, ...], document: int, ready: int) -> bool:
    """Start an interpreter for this one run; what is started here leaves a runner behind and ends."""
    process = _python("planes.data_plane.runner.cold", document, ready, *kept)
    try:
        return process.wait(READY_SECONDS) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


def _python(module: str, *descriptors: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*interpreter(f"from {module} import main; main()"), *map(str, descriptors)],
        pass_fds=descriptors,
        env=_ENVIRONMENT,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def interpreter(program: str) -> list[str]:
    """The command of a program that may load the runner's parts.

    It has neither `site`, which runs what every installed package wants to be run, nor `runpy`, nor the columns of each
    instruction, which only tracebacks show: all runners would hold what they leave.
    """
    return [sys.executable, "-I", "-S", "-Xno_debug_ranges", "-c", f"import sys; sys.path += {_roots()!r}; {program}"]


@functools.cache
def _roots() -> list[str]:
    """The folders of what a runner loads besides the standard library, as far as it is installed."""
    specs = map(importlib.util.find_spec, ("planes", "re2", "ahocorasick_rs"))
    places = (place for spec in specs if spec is not None for place in spec.submodule_search_locations or ())
    return list(dict.fromkeys(map(os.path.dirname, places)))


def _launch_once(
    document: bytes, start: Callable[[int, int], bool], deadline_seconds: float
) -> dict[str, object] | None:
    """One attempt; None if no runner answered."""
    theirs_document, our_document = os.pipe()
    our_ready, theirs_ready = os.pipe()
    with open(our_document, "wb", buffering=0) as sending, open(our_ready, "rb", buffering=0) as receiving:
        try:
            is_asked = start(theirs_document, theirs_ready)
        finally:
            os.close(theirs_document)
            os.close(theirs_ready)
        return hand_over(sending, receiving, document, deadline_seconds) if is_asked else None


def hand_over(sending: FileIO, receiving: FileIO, document: bytes, deadline_seconds: float) -> dict[str, object] | None:
    """Write the document and read the answer; None if there is none, or not in time."""
    os.set_blocking(sending.fileno(), False)
    poll = select.poll()
    poll.register(sending.fileno(), select.POLLOUT)
    poll.register(receiving.fileno(), select.POLLIN)
    rest, answer = memoryview(document), b""
    deadline = time.monotonic() + deadline_seconds
    while not answer.endswith(b"\n"):
        ready = dict(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
        if not ready:
            return None
        if receiving.fileno() in ready:
            piece = receiving.read(4096)
            if not piece:
                return None
            answer += piece
        elif rest:
            try:
                rest = rest[sending.write(rest) or 0 :]
            except BrokenPipeError:
                rest = rest[:0]
            if not rest:
                poll.unregister(sending.fileno())
                sending.close()
    return json.loads(answer)
