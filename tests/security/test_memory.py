"""What holds secrets in memory is closed to other processes of its uid (Security: 5): planes and all that they start.

Of a process that may not be dumped the kernel gives what describes it to root; root's own would not show that.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.acceptance.platforms import serving, wait_until
from tests.contract.client_environment import as_uid
from tests.fakes.platform_uids import ORDINARY_UID, ROOT

from planes.data_plane.runner.processes import list_descendants

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(sys.platform != "linux", reason="the kernel's dump settings are Linux's"),
]
PROGRAMS = {
    "runner": "from planes.data_plane.runner.entry import own_run; own_run(0, 1)",
    "rescrub": "from planes.data_plane.services.scrubbing.rescrub_process import main; main()",
}


def owner_of(pid: int) -> int:
    return os.stat(f"/proc/{pid}/environ").st_uid


@pytest.fixture
def uid() -> int | None:
    """An ordinary user; None: we are one."""
    if os.geteuid() != 0:
        return None
    if subprocess.run([*as_uid(ORDINARY_UID), sys.executable, "-c", ""], check=False, cwd=ROOT).returncode:
        pytest.skip("an ordinary user cannot run the tests' interpreter here")
    return ORDINARY_UID


@pytest.fixture
def home() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="memory-", dir="/var/tmp") as name:
        Path(name).chmod(0o711)
        yield Path(name, "home")


def test_a_platform_and_all_that_it_starts_is_closed(home: Path, uid: int | None) -> None:
    with serving(home, uid=uid, env={"HOME": str(home)}) as platform:
        pid = platform.process.pid
        wait_until(lambda: len(list_descendants(pid)) >= len(platform.data_planes))
        started = [process.pid for process in list_descendants(pid)]

        wait_until(lambda: {owner_of(each) for each in (pid, *started)} == {0}, what="one of them is open")


@pytest.mark.parametrize("program", list(PROGRAMS))
def test_who_is_given_values_is_closed_before_they_come(program: str, uid: int | None) -> None:
    """Started by itself: what a fork inherits would hide that it does not close itself."""
    command = [*as_uid(uid), sys.executable, "-c", f"print('open', flush=True); {PROGRAMS[program]}"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"open\n"  # before, it is as the change of its user has left it
            wait_until(lambda: owner_of(process.pid) == 0, 20, "it is open")
        finally:
            process.kill()
