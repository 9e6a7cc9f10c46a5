"""A run that uses something of the machine up ends with a reason that says what to do, and the platform lives on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.client_environment import as_uid
from tests.fakes.platform_uids import ROOT, own_uid
from tests.integration.planes.data_plane.executor.run_places import JOB_UID, job_interpreter
from tests.reliability.sizes import sized

from planes.data_plane.runner.groups import PROCESSES, offered_controllers

__all__ = ["own_uid"]

MIB = 1024**2

EATS_MEMORY = "kept = []\nwhile True: kept.append(bytearray(8 << 20))"
EATS_IN_CHILDREN = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        kept = [bytearray(8 << 20) for _ in range(8)]
        time.sleep(50)
time.sleep(50)
"""
FORK_BOMB = """
import os
while True:
    try: os.fork()
    except OSError: pass
"""
THREADS = "import threading\nwhile True: threading.Thread(target=threading.Event().wait, daemon=True).start()"
MANY_FILES = """
import sys, time
for number in range(100):
    open(f"{sys.argv[1]}/{number}", "wb").write(b"x" * (1 << 20))
time.sleep(50)
"""
NAMELESS = """
import os, time
kept = open("gone", "wb")
os.unlink("gone")
for _ in range(100):
    kept.write(b"x" * (1 << 20))
kept.flush()
time.sleep(50)
"""
IN_MEMORY = """
import os, time
kept = os.memfd_create("kept")
shared = os.open("/dev/shm/kept", os.O_CREAT | os.O_WRONLY)
for _ in range(40):
    for descriptor in {descriptors}:
        os.write(descriptor, b"x" * (4 << 20))
time.sleep(50)
"""
SHARED = """
import mmap, time
kept = mmap.mmap(-1, 160 << 20)
for _ in range(160): kept.write(b"x" * (1 << 20))
time.sleep(50)
"""
ONE_FILE = "open('big', 'wb').write(b'x' * (64 << 20))"
OPENS = "kept = []\nwhile True: kept.append(open('/dev/null'))"
SPINS = "while True: pass"
DISK = {"disk_bytes": 20 * MIB}

SHORT = [
    pytest.param(EATS_IN_CHILDREN, {"total_memory_bytes": 96 * MIB}, "out_of_memory", "96 MiB", id="memory"),
    pytest.param(
        IN_MEMORY.format(descriptors="(kept, shared)"),
        {"total_memory_bytes": 256 * MIB},
        "out_of_memory",
        "256 MiB",
        id="files in memory",
    ),
    pytest.param(FORK_BOMB, {"processes": 40}, "too_many_processes", "40 processes", id="fork bomb"),
    pytest.param(NAMELESS, DISK, "disk_limit", "RUN_DISK_MB", id="a file without a name"),
    pytest.param(OPENS, {"open_files": 64}, "open_files", "RUN_OPEN_FILES", id="open files"),
]
FURTHER = [
    pytest.param(EATS_MEMORY, {"total_memory_bytes": 96 * MIB}, "out_of_memory", "RUN_MEMORY_MB", id="one's memory"),
    pytest.param(
        IN_MEMORY.format(descriptors="(kept,)"),
        {"total_memory_bytes": 96 * MIB},
        "out_of_memory",
        "96 MiB",
        id="files without a name in memory",
    ),
    pytest.param(SHARED, {"total_memory_bytes": 96 * MIB}, "out_of_memory", "96 MiB", id="shared memory"),
    pytest.param(EATS_MEMORY, {"memory_bytes": 96 * MIB}, "out_of_memory", "smaller pieces", id="a process's memory"),
    pytest.param(THREADS, {"processes": 40}, "too_many_processes", "RUN_PROCESSES", id="threads"),
    pytest.param(MANY_FILES, DISK, "disk_limit", "20 MiB", id="many files"),
    pytest.param(ONE_FILE, {"file_size_bytes": 20 * MIB}, "file_limit", "20 MiB", id="one file"),
    pytest.param(SPINS, {"processor_seconds": 1}, "cpu_limit", "RUN_CPU_SECONDS", id="processor"),
]


@pytest.fixture
def home(own_uid: int | None) -> Generator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="used-up-", dir="/var/tmp"))
    folder.chmod(0o711)
    (folder / "home").mkdir(mode=0o711)
    if own_uid is not None:
        os.chown(folder / "home", own_uid, own_uid)
    yield folder / "home"
    shutil.rmtree(folder)


def run(home: Path, own_uid: int | None, code: str, **limits: int) -> dict[str, Any]:
    job_uid = JOB_UID if own_uid is None else None
    words = ["-m", "tests.reliability.limited_run", str(home), job_interpreter(), str(job_uid or 0)]
    done = subprocess.run(
        [*as_uid(own_uid), sys.executable, *words, json.dumps({"code": code, "limits": limits})],
        check=False, capture_output=True, text=True, timeout=240, cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("code", "limits", "reason", "words"), sized(SHORT, [*SHORT, *FURTHER]))
def test_the_reason_says_what_to_do(
    home: Path, own_uid: int | None, code: str, limits: dict[str, int], reason: str, words: str
) -> None:
    report = run(home, own_uid, code, **limits)
    outcome = report["outcome"]
    said = [text for source, text in report["lines"] if source == "setup"]

    assert (outcome["outcome"], outcome["reason"]) == ("failed", reason), report["lines"]
    assert len(said) == 1
    assert words in said[0]
    assert report["sealed"]
    assert report["left"] == []


THREADS_OF_ANOTHER = """
import threading
for _ in range(30): threading.Thread(target=threading.Event().wait).start()
print(flush=True)
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or PROCESSES not in offered_controllers(),
    reason="only control groups count the runs of one user apart, and only root has jobs of another user",
)
@pytest.mark.parametrize("own_uid", [None])
def test_what_others_of_its_user_have_neither_counts_nor_hides_a_bomb(own_uid: int | None, home: Path) -> None:
    words = [*as_uid(JOB_UID), job_interpreter(), "-c", THREADS_OF_ANOTHER]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env={}) as another:
        try:
            assert another.stdout is not None
            another.stdout.readline()
            outcome = run(home, own_uid, FORK_BOMB, processes=40)["outcome"]
        finally:
            another.kill()

    assert (outcome["outcome"], outcome["reason"]) == ("failed", "too_many_processes")


FORKS_A_LARGE_PARENT = """
import os, time
kept = bytearray(os.urandom(1) * (48 << 20))
children = []
for _ in range(8):
    pid = os.fork()
    if pid == 0:
        time.sleep(2.5)
        os._exit(kept[-1] != kept[0])
    children.append(pid)
print([os.waitpid(pid, 0)[1] for pid in children] == [0] * 8)
"""


def test_what_forks_share_is_counted_once(home: Path, own_uid: int | None) -> None:
    report = run(home, own_uid, FORKS_A_LARGE_PARENT, total_memory_bytes=144 * MIB)

    assert report["outcome"]["outcome"] == "completed", report["lines"]
    assert [text for source, text in report["lines"] if source == "user"] == ["True"]


@pytest.mark.parametrize(("code", "words"), [("os.abort()", "SIGABRT"), ("os.kill(os.getpid(), 11)", "SIGSEGV")])
def test_a_crash_says_what_it_was(home: Path, own_uid: int | None, code: str, words: str) -> None:
    report = run(home, own_uid, f"import os; {code}")

    assert (report["outcome"]["outcome"], report["outcome"]["reason"]) == ("failed", "signal")
    assert [words in text for source, text in report["lines"] if source == "setup"] == [True]


def test_a_run_that_keeps_within_its_share_is_let_be(home: Path, own_uid: int | None) -> None:
    code = "import os, time\nkept = bytearray(20 << 20)\nopen('a', 'wb').write(kept)\ntime.sleep(2.5)\nprint('done')"
    report = run(
        home, own_uid, code, total_memory_bytes=96 * MIB, processes=40, disk_bytes=40 * MIB, processor_seconds=30
    )

    assert report["outcome"]["outcome"] == "completed", report["lines"]
    assert [text for source, text in report["lines"] if source != "runner"] == ["done"]
    if own_uid is None and os.geteuid() == 0 and not report["groups"]:
        pytest.skip("no control groups on this machine: only what the runner measures was tried")
