"""A runner's life, from two inherited descriptors on: the same for a cold start and for a fork of the runner server."""

import fcntl
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from planes.data_plane.runner import kernel
from planes.data_plane.runner.folders import RunFolder
from planes.data_plane.runner.owner import RunOwner
from planes.data_plane.runner.request import parse_request


def own_run(document: int, ready: int) -> None:
    """Read the request from `document`, say on `ready` that the run is taken (or why not), and run it.

    Nothing of the run has been started when the answer is anything but `{"pid": …}`. Both descriptors are closed.
    """
    kernel.forbid_dumps()
    kernel.adopt_orphans()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o077)
    with open(document, "rb") as pipe:
        request = parse_request(pipe.read())
    folder = RunFolder(Path(request.folder))
    # Looked at before the lock too, which a runner that is too late must not hold while another one wants it.
    lock = folder.try_lock() if folder.may_take(request.claim) else None
    if lock is None or not folder.may_take(request.claim):
        _answer(ready, {"error": "this run was started before"})
        return
    owner = RunOwner(request, folder)
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
