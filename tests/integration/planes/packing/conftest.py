"""Small workspaces, packed by the real process in this installation's own interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

JOB = """
import dlt.hub.run as run

__all__ = ["hello"]

@run.job
def hello():
    "Says hello."
"""


@dataclass(frozen=True, slots=True)
class Packed:
    """How the process ended: its answer, exit code and progress lines."""

    code: int
    answer: dict[str, Any]
    stderr: str

    @property
    def steps(self) -> list[str]:
        """The steps in the order they were told."""
        return [json.loads(line)["step"] for line in self.stderr.splitlines() if line.startswith("{")]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one job and no files of configuration."""
    folder = tmp_path / "workspace"
    (folder / ".dlt").mkdir(parents=True)
    (folder / ".dlt" / ".workspace").touch()
    (folder / "__deployment__.py").write_text(JOB)
    return folder


@pytest.fixture
def pack(workspace: Path, tmp_path: Path) -> Callable[..., Packed]:
    """Packs the workspace: `pack(*more_words, python=...)`; `python=None` lets the process find one."""

    def run(*words: str, python: str | None = sys.executable) -> Packed:
        command = [sys.executable, "-I", "-m", "planes.packing", str(workspace), "--out", str(tmp_path / "out")]
        command += ["--cache", str(tmp_path / "cache"), *words]
        if python is not None:
            command += ["--python", python]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
        lines = done.stdout.splitlines()
        assert len(lines) == 1, done.stdout + done.stderr
        return Packed(done.returncode, json.loads(lines[0]), done.stderr)

    return run
