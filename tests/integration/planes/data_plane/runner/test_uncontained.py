"""A step on a system that lacks a part of its containment: started and named, or refused where that is asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tests.fakes.workspaces import JOB_UID

from planes.data_plane.runner.containment import landlock

# The parts are taken away in a process of its own: what a fork of it cannot do is what a lesser kernel cannot.
SCRIPT = """
import errno, json, os, sys
from planes.data_plane.runner import kernel
from planes.data_plane.runner.containment import calls, landlock, namespaces
from planes.data_plane.runner.request import Confinement, Step
from planes.data_plane.runner.spawning import StepNotStarted, spawn

uid, missing, is_required = int(sys.argv[1]) or None, sys.argv[2], sys.argv[3] == "required"

def lacking(*_):
    raise OSError(errno.EPERM, "Operation not permitted", "namespaces")

for module, name, part in ((namespaces, "enter", "namespaces"), (landlock, "restrict", "files"),
                           (calls, "refuse_calls", "calls")):
    if missing == part:
        setattr(module, name, lacking)
kernel.adopt_orphans()
reach = Confinement(read=("/bin", "/usr", "/lib", "/lib64", "/etc"), write=(), is_required=is_required)
reach = reach._replace(read=tuple(map(os.path.realpath, reach.read)))
step = Step("job", "user", "run", ("/bin/sh", "-c", "echo ran"), "/", {}, uid, uid, confinement=reach)
try:
    process = spawn(step)
except StepNotStarted as error:
    found = {"refused": str(error)}
else:
    os.waitpid(process.first or process.pid, 0)
    found = {"gaps": process.gaps, "printed": os.read(process.stdout, 100).decode()}
children = True
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    children = False
print(json.dumps({**found, "children": children}))
"""
PARTS = {
    "namespaces": "no process namespace (namespaces: Operation not permitted)",
    "files": "files are not confined (Operation not permitted)",
    "calls": "system calls are not confined (Operation not permitted)",
}

pytestmark = pytest.mark.skipif(landlock.version() < 6, reason="this kernel's Landlock does not know all of the floor")


def _spawned(missing: str, required: str) -> dict[str, object]:
    uid = JOB_UID if os.geteuid() == 0 else 0
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(uid), missing, required],
        check=False, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("missing", PARTS)
def test_what_is_missing_is_named_and_the_step_runs(missing: str) -> None:
    assert _spawned(missing, "offered") == {"gaps": [PARTS[missing]], "printed": "ran\n", "children": False}


@pytest.mark.parametrize("missing", PARTS)
def test_a_region_that_asks_for_all_of_it_starts_nothing_and_says_why(missing: str) -> None:
    refused = f"refused: it would be uncontained here: {PARTS[missing]}"

    assert _spawned(missing, "required") == {"refused": refused, "children": False}


def test_where_all_is_there_nothing_is_refused() -> None:
    assert _spawned("nothing", "required") == {"gaps": [], "printed": "ran\n", "children": False}
