"""Each part of the containment holds by itself: where another one is missing, it is all that there is (Security: 5)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.fakes.workspaces import JOB_UID

from planes.data_plane.runner.containment import landlock

pytestmark = pytest.mark.skipif(landlock.version() < 6, reason="this kernel's Landlock does not know all of the floor")

SCRIPT = """
import errno, json, os, sys
from planes.data_plane.runner import kernel
from planes.data_plane.runner.containment import calls, namespaces
from planes.data_plane.runner.request import Confinement, Step
from planes.data_plane.runner.spawning import spawn

uid, python, program = int(sys.argv[1]) or None, sys.argv[2], sys.argv[3]

def lacking(*_):
    raise OSError(errno.EPERM, "Operation not permitted", "namespaces")

namespaces.enter = calls.refuse_calls = lacking
kernel.adopt_orphans()
read = tuple(map(os.path.realpath, ("/bin", "/usr", "/lib", "/lib64", "/etc", "/proc")))
step = Step("job", "user", "run", (python, "-c", program), "/", {}, uid, uid, confinement=Confinement(read, ()))
process = spawn(step)
os.waitpid(process.pid, 0)
print(os.read(process.stdout, 4096).decode())
"""
TRIES = """
import json, os, signal, socket
def attempt(what):
    try:
        what()
    except OSError as error:
        return type(error).__name__
    return "done"
print(json.dumps({{
    "signal": attempt(lambda: os.kill({victim}, signal.SIGTERM)),
    "socket by its name": attempt(lambda: socket.socket(socket.AF_UNIX).connect("\\0{name}")),
    "cut": attempt(lambda: os.truncate({file!r}, 0)),
    "own signal": attempt(lambda: os.kill(os.getpid(), 0)),
}}))
"""


@pytest.fixture
def file() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="remaining-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        path = Path(folder, "file")
        path.write_text("kept")
        if os.geteuid() == 0:
            os.chown(path, JOB_UID, JOB_UID)
        yield path


def test_landlock_alone_keeps_signals_names_and_contents(file: Path) -> None:
    uid = JOB_UID if os.geteuid() == 0 else 0
    name = f"dlthub-tui-remaining-{os.getpid()}"
    python = os.path.realpath("/usr/bin/python3")
    victim = subprocess.Popen(
        ["/bin/sleep", "60"], user=uid or None, group=uid or None, extra_groups=[] if uid else None
    )
    with victim, socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + name)
        listener.listen()
        program = TRIES.format(victim=victim.pid, name=name, file=str(file))
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(uid), python, program],
            check=False, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        is_alive = victim.poll() is None
        victim.kill()

    assert done.returncode == 0, done.stderr
    refused = "PermissionError"
    assert json.loads(done.stdout) == {
        "signal": refused, "socket by its name": refused, "cut": refused, "own signal": "done",
    }  # fmt: skip
    assert is_alive
    assert file.read_text() == "kept"
