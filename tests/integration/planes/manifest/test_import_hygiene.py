"""What this package loads and leaves behind, in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

IMPORTS = (
    "import planes.manifest.errors, planes.manifest.facts, planes.manifest.freshness, planes.manifest.launch, "
    "planes.manifest.profiles, planes.manifest.requirements, planes.manifest.rules, planes.manifest.schedules, "
    "planes.manifest.triggers, planes.manifest.validation\n"
)

USE = """
from datetime import UTC, datetime
from planes.manifest.launch import LaunchArguments, runtime_entry_point
from planes.manifest.schedules import next_fire, run_window
from planes.manifest.validation import migrate_and_validate
job = {"engine_version": 2, "job_ref": "jobs.a.b", "triggers": ["schedule:0 3 * * *"], "execute": {},
       "entry_point": {"module": "a", "function": "b", "job_type": "batch", "launcher": "x"}}
now = datetime.now(UTC)
migrate_and_validate([job], 2, "__deployment__")
next_fire(job, now, last_fire=None)
run_window(job, "schedule:0 3 * * *", now, completed_end=None)
runtime_entry_point(job, LaunchArguments(profile="prod", is_refresh=False), {"version": "1.31.0"})
"""


def _run(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, check=False, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_loads_no_dlt(tmp_path: Path) -> None:
    loaded = _run(
        IMPORTS + "import sys; print([m for m in sys.modules if m == 'dlt' or m.startswith('dlt.')])", tmp_path
    )

    assert loaded.strip() == "[]"


def test_using_it_inside_a_workspace_creates_nothing(tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / ".workspace").touch()
    _run(USE, tmp_path)

    assert sorted(path.name for path in tmp_path.rglob("*")) == [".dlt", ".workspace"]
