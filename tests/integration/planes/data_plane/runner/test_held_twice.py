"""Parts of the containment that another part hides: each is tried where it alone holds (Security: 5)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.client_environment import as_uid
from tests.fakes.platform_uids import ORDINARY_UID, ROOT
from tests.fakes.workspaces import JOB_UID

from planes.data_plane.executor.confinement import Openings
from planes.data_plane.executor.environments.interpreters import parts_of
from planes.data_plane.runner.containment.bubblewrap import find_bubblewrap

SCRIPT = """
import json, os, sys
from planes.data_plane.runner import kernel
from planes.data_plane.runner.processes import find_process
from planes.data_plane.runner.request import Confinement, Step
from planes.data_plane.runner.spawning import spawn

wanted = json.loads(sys.argv[1])
os.umask(0)
for descriptor in (os.dup2(os.open("/", os.O_RDONLY), 57), os.open("/", os.O_RDONLY)):
    os.set_inheritable(descriptor, True)  # one before and one behind those that the job gets
os.environ["PLANTED"] = "theirs"
kernel.adopt_orphans()

def mounts():
    with open("/proc/self/mountinfo") as file:
        return file.read()

before = mounts()
step = Step("job", "user", "run", tuple(wanted["argv"]), wanted["cwd"], {}, wanted["uid"], wanted["uid"],
            confinement=Confinement(**wanted["confinement"]))
process = spawn(step)
first = process.first
told = {
    "leaked mounts": mounts() != before,
    "dumps of the first": os.stat(f"/proc/{first}/environ").st_uid,
    "sessions": len({find_process(pid).session for pid in (os.getpid(), first, process.pid)}),
    "gaps": process.gaps,
}
os.set_blocking(process.stdout, True)
with open(process.stdout, "rb") as output:
    told["job"] = json.loads(output.read())
os.waitpid(first, 0)
print(json.dumps(told))
"""
JOB = """
import json, os, sys
open("made", "w").close()
os.mkdir("folder")
print(json.dumps({
    "descriptors": [name for name in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + name)],
    "modes": [oct(os.stat(name).st_mode & 0o777) for name in ("made", "folder")],
    "planted": os.environ.get("PLANTED"),
    "uids": open("/proc/self/status").read().split("Uid:")[1].split("\\n")[0].split(),
}), flush=True)
"""

# Where there is no user namespace, in which capabilities of the machine are none.
ALONE = """
import os, sys
from planes.data_plane.runner.request import Step
from planes.data_plane.runner.spawning import spawn

process = spawn(Step("job", "user", "run", ("/bin/cat", "/proc/self/status"), "/", {}, None, None))
os.set_blocking(process.stdout, True)
with open("/proc/self/status") as mine, open(process.stdout) as theirs:
    print(mine.read().partition("CapEff:")[2].split()[0], theirs.read().partition("CapEff:")[2].split()[0])
"""


@pytest.fixture
def folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="twice-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def told_by(folder: Path, platform_uid: int | None, *words: str, is_strict: bool = False) -> dict[str, Any]:
    uid = JOB_UID if platform_uid is None and os.geteuid() == 0 else None
    work = folder / "work"
    work.mkdir()
    if owner := uid or platform_uid:
        os.chown(work, owner, owner)
    python = os.path.realpath("/usr/bin/python3")
    openings = Openings(private=folder, is_strict=is_strict)
    confinement = openings.confine([], parts_of(Path(python)), [work], work)
    wanted = {
        "argv": [python, "-c", JOB], "cwd": str(work), "uid": uid, "confinement": confinement._asdict(),
    }  # fmt: skip
    done = subprocess.run(
        [*as_uid(platform_uid), *words, sys.executable, "-c", SCRIPT, json.dumps(wanted)],
        check=False, capture_output=True, text=True, timeout=240, cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    if found["gaps"]:
        pytest.skip(f"not all of the floor is here: {found['gaps']}")
    return found


@pytest.mark.parametrize("platform_uid", [None, ORDINARY_UID])
def test_what_the_runner_forgot_to_take_back_is_not_the_jobs(folder: Path, platform_uid: int | None) -> None:
    if platform_uid is not None and os.geteuid() != 0:
        pytest.skip("another user is tried as root only")
    job = told_by(folder, platform_uid)["job"]

    assert set(job["descriptors"]) == {"0", "1", "2"}
    assert job["modes"] == ["0o600", "0o700"]
    assert job["planted"] is None
    assert len(set(job["uids"])) == 1
    assert "0" not in job["uids"]


@pytest.mark.skipif(os.geteuid() != 0, reason="capabilities are given by root")
def test_capabilities_that_a_service_was_given_are_not_the_jobs() -> None:
    """systemd's `AmbientCapabilities` are inherited by all that a service starts."""
    given = ("--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service")
    done = subprocess.run(
        ["setpriv", f"--reuid={ORDINARY_UID}", f"--regid={ORDINARY_UID}", "--clear-groups", *given, "--",
         sys.executable, "-c", ALONE],
        check=True, capture_output=True, text=True, timeout=240, cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip

    mine, theirs = (int(mask, 16) for mask in done.stdout.split())
    assert mine == 1 << 10
    assert theirs == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is tried as root only")
def test_the_first_process_shows_nothing_of_itself(folder: Path) -> None:
    assert told_by(folder, ORDINARY_UID)["dumps of the first"] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts that are shared can be made as root only")
def test_mounts_of_a_job_are_its_own_where_those_of_the_machine_are_shared(folder: Path) -> None:
    assert not told_by(folder, None, "unshare", "--mount", "--propagation", "shared")["leaked mounts"]


@pytest.mark.skipif(find_bubblewrap() is None, reason="no bubblewrap here that binds by descriptor")
def test_a_bubblewrap_has_a_session_of_its_own_and_so_has_its_program(folder: Path) -> None:
    found = told_by(folder, None, is_strict=True)

    assert found["sessions"] == 3
    assert set(found["job"]["descriptors"]) == {"0", "1", "2"}
