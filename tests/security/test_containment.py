"""A hostile job gets at nothing but its own, as root's job and as an ordinary user's (Security: 5)."""

import json
import os
import shutil
import socket
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

from planes.data_plane.runner.containment import landlock
from planes.data_plane.runner.containment.bubblewrap import find_bubblewrap

__all__ = ["own_uid"]

pytestmark = pytest.mark.skipif(landlock.version() < 6, reason="this kernel's Landlock does not know all of the floor")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def run_escapes(home: Path, own_uid: int | None, job_uid: int | None, port: int, start: str) -> dict[str, Any]:
    python = job_interpreter()
    words = ["-m", "tests.security.contained_run", str(home), python, str(job_uid or 0), str(port), start]
    done = subprocess.run(
        [*as_uid(own_uid), sys.executable, *words],
        check=False, capture_output=True, text=True, timeout=240, cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(params=["/var/tmp", "/tmp"])
def home(request: pytest.FixtureRequest, own_uid: int | None) -> Generator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="contained-", dir=request.param))
    folder.chmod(0o711)
    (folder / "home").mkdir(mode=0o711)
    if own_uid is not None:
        os.chown(folder / "home", own_uid, own_uid)
    yield folder / "home"
    shutil.rmtree(folder)


@pytest.mark.parametrize("start", ["cold", "warm", "strict"])
def test_nothing_but_its_own(home: Path, own_uid: int | None, start: str) -> None:
    if start == "strict" and find_bubblewrap() is None:
        pytest.skip("no bubblewrap here that binds by descriptor (0.11 or later)")
    for left in ("/tmp/left", "/dev/shm/left"):
        Path(left).unlink(missing_ok=True)
    port = free_port()
    report = run_escapes(home, own_uid, JOB_UID if own_uid is None else None, port, start)

    assert report["outcome"] == "completed", report["lines"]
    assert report["was_warm"] is (start == "warm" and not home.is_relative_to("/tmp"))
    assert not [text for source, text in report["lines"] if source == "runner" and text.startswith("uncontained")]
    found = json.loads(next(text for source, text in report["lines"] if source == "user"))

    done = {name for name, answer in found["hostile"].items() if answer == "done"}
    # Below /tmp it sees the way to its own folders, in memory; what it makes there is gone with it.
    # Inside bubblewrap it sees it wherever that is.
    seen = {"listing of the home", "new file beside"} if home.is_relative_to("/tmp") else set[str]()
    assert done <= (seen if start != "strict" else seen | {"listing of the home"})
    if (home / "standby").exists():
        (home / "standby").rmdir()  # the platform's, empty again
    assert {path.name for path in home.iterdir()} == {
        "runs",
        "data",
        "environment",
        "uv-cache",
        "owner.key",
        "control.sock",
        "notify.sock",
        "swapped",
    }
    assert found["honest"] == {
        "processes": [1, 2],
        "threads": ["1", "2"],
        "temporary": "/tmp",
        "program": "2",
        "loop": "ran",
        "module": "code",
        "own file": "done",
        "moved between folders": "done",
        "own data": "done",
        "processor": True,
        "own process": True,
        "interfaces": True,
        "pair of streams": "done",
        "terminal": "done",
        "lock": "done",
    }
    assert len(found["seen"]) < 10, "it sees processes that are not its own"
    assert found["ends first"] >= 500, "when memory is short the platform may end before it"
    assert not os.path.exists("/tmp/left"), "its /tmp is the machine's"
    assert not os.path.exists("/dev/shm/left"), "its shared memory is the machine's"
    assert (home / "environment/module.py").read_text() == "code"
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0, "a process outlived its run"
