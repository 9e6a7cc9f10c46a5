"""Workspaces to deploy in tests: a stand-in for dlt's launchers, so that a run needs no package index."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.leftovers import end_runners
from tests.integration.planes.data_plane.executor.wheels import write_wheel

LAUNCHERS = "dlt._workspace.deployment.launchers"
JOB_UID = 70_999
_LAUNCHER = """
import argparse, importlib, json

def main():
    parser = argparse.ArgumentParser()
    for name in ("--run-id", "--trigger", "--entry-point"):
        parser.add_argument(name, required=True)
    arguments = parser.parse_args()
    entry_point = json.loads(arguments.entry_point)
    module = importlib.import_module(entry_point["module"])
    if entry_point.get("function"):
        getattr(module, entry_point["function"])()

if __name__ == "__main__":
    main()
"""


def write_launchers(folder: Path) -> None:
    """A wheel named dlt 1.31.0 whose launchers import the module and call the function."""
    package = "dlt/_workspace/deployment/launchers"
    files = {f"{part}/__init__.py": "" for part in ("dlt", "dlt/_workspace", "dlt/_workspace/deployment", package)}
    files |= {f"{package}/{name}.py": _LAUNCHER for name in ("job", "module", "dashboard")}
    write_wheel(folder, "dlt", "1.31.0", files)


def job_python() -> str:
    """A Python version (`3.11`) that the job's user can run."""
    if os.geteuid() != 0:
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    done = subprocess.run(
        ["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        check=True, capture_output=True, text=True, env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        user=JOB_UID, group=JOB_UID, extra_groups=[],
    )  # fmt: skip
    return done.stdout.strip()


def requirements(*packages: str, python: str | None = None) -> bytes:
    """A `requirements.json` with these packages in the main group."""
    content = {
        "engine_version": 2,
        "python_version": python or job_python(),
        "dlt_version": {"name": "dlt", "extras": [], "version": "1.31.0", "mode": "pypi"},
        "default_groups": ["main"],
        "groups": {"main": list(packages)},
        "launcher_requirements": {},
    }
    return json.dumps(content).encode()


def definition(module: str, function: str | None = None, **changes: object) -> dict[str, object]:
    """A job definition of engine 2."""
    entry_point = {
        "module": module,
        "function": function,
        "job_type": "batch",
        "launcher": f"{LAUNCHERS}.{'job' if function else 'module'}",
    }
    return {
        "engine_version": 2,
        "job_ref": f"jobs.{module}.{function}" if function else f"jobs.{module}",
        "entry_point": entry_point,
        "triggers": [],
        "execute": {},
        **changes,
    }


def with_entry_point(base: Mapping[str, object], **changes: object) -> dict[str, object]:
    """The definition with another entry point."""
    entry_point = base["entry_point"]
    assert isinstance(entry_point, dict)
    return {**base, "entry_point": {**entry_point, **changes}}


@contextmanager
def open_folder(prefix: str, *, below: str | None = None) -> Generator[Path]:
    """A folder that other users can pass through: pytest's own are closed to them. What runs there ends with it."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=below))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        end_runners(folder)
        shutil.rmtree(folder, ignore_errors=True)
