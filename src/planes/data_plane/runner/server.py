"""The runner server: `main` in an interpreter of its own with SOCKET as its argument, one inherited socket.

Descriptors that follow it are held, by its runners too: they keep the ports of the planes (`planes.host.listeners`).

Single-threaded, with everything a runner needs imported and compiled, it forks a runner per request. A request is one
byte with two descriptors, a runner's `document` and `ready`; the server never reads them. The byte says whether there
is a run, or an interpreter is to stand by for one. It ends when the other end of
its socket closes; the runners, which are nobody's children and have their own sessions, do not.
"""

import gc
import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType

from planes.data_plane.runner import kernel
from planes.data_plane.runner.entry import close_inherited, own_run, stand_by
from planes.scrub import Registered, StreamScrubber, display_guard, prepare

STAND_BY = b"s"


def main() -> None:
    """Serve until the data plane is gone."""
    descriptor, *kept = map(int, sys.argv[1:])
    close_inherited(descriptor, *kept)
    kernel.forbid_dumps()
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    forget_what_is_told_of_code()
    warm_up()
    # What lives now is shared by all runners: the collector must not touch, and so copy, its pages.
    gc.collect()
    gc.freeze()
    kernel.give_memory_back()  # compiling leaves more than a MB behind, which every runner would show as its own
    with socket.socket(fileno=descriptor) as requests:
        requests.send(b"+")
        while True:
            message, descriptors, _, _ = socket.recv_fds(requests, 1, 2)
            if not message:
                return
            if len(descriptors) == 2:
                own = stand_by if message == STAND_BY else own_run
                _fork_runner(own, descriptors[0], descriptors[1], *kept)
            for received in descriptors:
                os.close(received)


def forget_what_is_told_of_code() -> None:
    """Let go of what readers and checkers are told of functions, classes and modules: nothing asks here, and compiling
    takes the room, a third of a MB of every runner.
    """
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType):
            del thing.__annotations__
        elif isinstance(thing, ModuleType):
            thing.__doc__ = None
    re.purge()
    gc.collect()


def warm_up() -> None:
    """Compile and use every part once, before the first fork."""
    prepare()
    scrubber = StreamScrubber(Registered.from_values([("WARM_UP", "not-a-value-of-anybody")]))
    scrubber.feed(b"password=warm-up-warm-up\n\x1b[31mcolour\x1b[0m\n")
    scrubber.finish()
    display_guard("\x1b[2J")


def _fork_runner(own: Callable[[int, int], None], document: int, ready: int, *kept: int) -> None:
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        return
    try:
        if os.fork() == 0:
            os.setsid()
            close_inherited(document, ready, *kept)
            own(document, ready)
    finally:
        os._exit(0)
