"""The folder of a demo goes with it, or with the next demo where it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.contract.client_environment import as_uid
from tests.fakes.platform_uids import ORDINARY_UID, ROOT

from dlthub_tui.cli.tour.folders import remove_left_behind, temporary_folder

KILLED = """
import os, signal, sys
from dlthub_tui.cli.tour.folders import temporary_folder

with temporary_folder() as folder:
    (folder / "planes.log").touch()
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
# As a build that has not noticed yet that nobody wants it any more.
WRITES = """
import sys
from itertools import count
from pathlib import Path

for number in count():
    try:
        (Path(sys.argv[1]) / str(number)).mkdir()
    except FileNotFoundError:
        break
    if number == 100:
        print("began", flush=True)
    if number == 800:
        break
"""
# Two signals, the second while it puts away.
ENDS = """
import os, signal, sys
from dlthub_tui.cli import exits

exits.put_away_on_signals()
try:
    print("began", flush=True)
    sys.stdin.read()
finally:
    os.kill(os.getpid(), signal.SIGHUP)
    print("put away")
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_what_a_killed_demo_left_goes_and_what_is_in_use_stays(
    temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)
    left = Path(killed.stdout.strip())
    another = temporary / "dlthub-tui-demo-of-somebody"
    another.mkdir()
    assert (left / "planes.log").exists(), killed.stderr
    with temporary_folder() as in_use:
        remove_left_behind()

        assert sorted(temporary.iterdir()) == sorted([another, in_use])
        assert str(left) in capsys.readouterr().err
    assert list(temporary.iterdir()) == [another]


def test_what_was_killed_before_it_held_its_folder_goes_once_it_is_old(temporary: Path) -> None:
    begun, unnamed, other = (temporary / f"dlthub-tui-demo-{number}" for number in range(3))
    for folder in (begun, unnamed, other):
        folder.mkdir()
    (unnamed / "held.lock.new").touch()
    (other / "notes.txt").touch()
    remove_left_behind()
    assert sorted(temporary.iterdir()) == [begun, unnamed, other]  # it may be about to hold it

    for folder in (begun, unnamed, other):
        os.utime(folder, (1, 1))
    remove_left_behind()

    assert list(temporary.iterdir()) == [other]
    assert (other / "notes.txt").exists()


def test_what_is_still_written_to_as_the_demo_ends_goes_too() -> None:
    with temporary_folder() as folder:
        writer = subprocess.Popen([sys.executable, "-c", WRITES, str(folder)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "began\n"
    writer.communicate(timeout=240)

    assert not folder.exists()


def test_a_signal_leaves_by_way_of_what_must_be_put_away() -> None:
    ending = subprocess.Popen([sys.executable, "-c", ENDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert ending.stdout is not None
    assert ending.stdout.readline() == "began\n"
    ending.terminate()

    assert ending.communicate(timeout=240)[0] == "put away\n"
    assert ending.returncode == 128 + signal.SIGTERM


CLOSES = """
from dlthub_tui.cli.tour.folders import temporary_folder
with temporary_folder() as folder:
    library = folder / "home" / "environment" / "lib"
    library.mkdir(parents=True)
    (library / "module.py").touch()
    for place in (library, library.parent):
        place.chmod(0o500)
print(folder.exists())
"""


def test_environments_that_are_closed_to_writing_go_with_the_folder() -> None:
    command = [*as_uid(ORDINARY_UID if os.geteuid() == 0 else None), sys.executable, "-c", CLOSES]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=240)

    assert done.stdout == "False\n", done.stderr
