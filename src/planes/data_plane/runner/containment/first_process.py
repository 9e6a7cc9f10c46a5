"""The first process of a step's process namespace: starts the program, reaps what is left, and ends all by its end.

It is a fork of the runner, holds nothing of it but two descriptors, and takes no signal from inside the namespace.
"""

import os
import select
import signal
import socket
import struct
from collections.abc import Callable
from typing import NoReturn

from planes.data_plane.runner import kernel
from planes.data_plane.runner.containment.namespaces import mount_own
from planes.data_plane.runner.request import Confinement

STATUS = struct.Struct("=i")
"""What the first process writes when the program has ended: its status, as `wait` gives it."""

GO = b"go"


def be_first(
    told: socket.socket,
    status: int,
    confinement: Confinement,
    program: Callable[[], NoReturn],
) -> NoReturn:
    """In the child that is to be it. Says so to the runner, waits for its word, then forks into `program`.

    The word comes when the process between it and the runner is gone: only then is the runner its parent, with whom it
    ends. A failure before that is told, and ends it.
    """
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        mount_own(confinement.temporary, confinement.read, confinement.write)
    except OSError as error:
        told.send(b"!" + f"{error.filename or 'mount'}: {error.strerror}".encode(errors="replace"))
        os._exit(1)
    told.send(b"first")
    if told.recv(len(GO)) != GO:
        os._exit(1)
    kernel.end_with_parent(signal.SIGKILL)
    if select.select([told], [], [], 0)[0]:
        os._exit(1)  # the runner has ended before it could be noticed: nobody else holds the other end
    main = os.fork()
    if main == 0:
        program()
    os.closerange(0, status)
    os.closerange(status + 1, os.sysconf("SC_OPEN_MAX"))
    _reap(main, status)
    os._exit(0)


def _reap(main: int, status: int) -> None:
    """The program's end is told before it is reaped: whoever sees that it is gone can be sure that its end is known."""
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None:
            continue
        if found.si_pid == main:
            is_exit = found.si_code == os.CLD_EXITED
            os.write(status, STATUS.pack(found.si_status << 8 if is_exit else found.si_status))
            os.close(status)
        os.waitpid(found.si_pid, 0)
