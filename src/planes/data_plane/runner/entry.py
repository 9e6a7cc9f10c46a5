"""A runner's life, from two inherited descriptors on: the same for a cold start and for a fork of the runner server."""

import fcntl
import json
import os
import select
import signal
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

from planes.data_plane.runner import kernel
from planes.data_plane.runner.folders import RunFolder
from planes.data_plane.runner.groups import open_group
from planes.data_plane.runner.output import Masks
from planes.data_plane.runner.owner import RunOwner
from planes.data_plane.runner.request import parse_ahead, parse_request, parse_step
from planes.data_plane.runner.spawning import StepNotStarted
from planes.data_plane.runner.standing import READY, Standing


def own_run(document: int, ready: int) -> None:
    """Read the request from `document`, say on `ready` that the run is taken (or why not), and run it.

    Nothing of the run has been started when the answer is anything but `{"pid": …}`. Both descriptors are closed.
    """
    _begin()
    with open(document, "rb") as pipe:
        content = pipe.read()
    _own(content, ready, None)


def stand_by(document: int, ready: int) -> None:
    """Keep an interpreter for a run that is not known yet, said in the first line of `document`; the request follows,
    after a line of what to scrub, if its sender knows that before.

    `ready` is told when it stands by, and again when the run is taken. Ends without a run when it, or whoever would
    ask, is gone.
    """
    _begin()
    with open(document, "rb") as pipe:
        berth = pipe.readline()
        if not berth.endswith(b"\n"):
            return
        described: dict[str, Any] = json.loads(berth)
        work = described.pop("work")
        step = parse_step(described)
        group = open_group(step.limits)
        try:
            standing = Standing(step, work, group)
        except StepNotStarted as error:
            group.close()
            _answer(ready, {"error": str(error)})
            return
        content, masks = _await_request(pipe, standing, ready)
    if content:
        _own(content, ready, standing, masks)
    standing.end()
    group.close()


def _await_request(pipe: BufferedReader, standing: Standing, ready: int) -> tuple[bytes, Masks | None]:
    """The request, or nothing when none comes any more, or nobody stands by for it; and what was said ahead of it."""
    poll = select.poll()
    poll.register(pipe.fileno(), select.POLLIN)
    poll.register(standing.line.fileno(), select.POLLIN)
    while True:
        came = {descriptor for descriptor, _ in poll.poll()}
        if standing.line.fileno() in came:
            if standing.line.recv(1) != READY:
                return b"", None
            os.write(ready, json.dumps({"standing": os.getpid()}).encode() + b"\n")
        if pipe.fileno() in came:
            content = pipe.readline()
            if not content.endswith(b"\n"):
                return content, None
            masks = Masks.learn(parse_ahead(content))
            return pipe.read(), masks


def _begin() -> None:
    kernel.forbid_dumps()
    kernel.adopt_orphans()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o077)


def _own(content: bytes, ready: int, standing: Standing | None, masks: Masks | None = None) -> None:
    request = parse_request(content)
    folder = RunFolder(Path(request.folder))
    # Looked at before the lock too, which a runner that is too late must not hold while another one wants it.
    lock = folder.try_lock() if folder.may_take(request.claim) else None
    if lock is None or not folder.may_take(request.claim):
        _answer(ready, {"error": "this run was started before"})
        return
    try:
        owner = RunOwner(request, folder, standing, masks)
    except OSError as error:
        _answer(ready, {"cannot_write": error.strerror or type(error).__name__})
        return
    del request
    _answer(ready, owner.record)
    owner.run()
    fcntl.flock(lock, fcntl.LOCK_UN)


def close_inherited(*kept: int) -> None:
    """Close every descriptor but the standard ones, which become empty, and those kept, which no child inherits."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number, inheritable=True)
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        os.set_inheritable(descriptor, False)
        low = descriptor + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


def _answer(ready: int, answer: Mapping[str, object]) -> None:
    # Whoever waited may be gone: the run goes on all the same.
    try:
        os.write(ready, json.dumps(answer).encode() + b"\n")
    except BrokenPipeError:
        pass
    finally:
        os.close(ready)
