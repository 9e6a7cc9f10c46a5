"""Where the requirements of a workspace come from, as they are deployed; and which of two counts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uv
from tests.integration.planes.data_plane.executor.wheels import write_wheel
from tests.integration.planes.packing.conftest import Packed

Pack = Callable[..., Packed]

PYPROJECT = """
[project]
name = "orchard"
version = "1"
requires-python = ">=3.11"
dependencies = ["plain"]

[dependency-groups]
load = ["humanize>=4"]
"""
# A later one of these is not read where an earlier one is; of those without a project uv resolves the versions.
SOURCES = {
    "pyproject.toml": (PYPROJECT, ["plain"]),
    "requirements.txt": ("apples  # a comment\n\n-r more.txt\n", ["apples==1.0", "pears==1.0"]),
    "requirements.in": ("cherries\n", ["cherries==1.0"]),
}


@pytest.fixture(autouse=True)
def wheels(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages beside the workspace in the place of an index."""
    folder = workspace.parent / "wheels"
    folder.mkdir()
    for name in ("plain", "apples", "pears", "cherries", "humanize"):
        write_wheel(folder, name)
    (workspace / "more.txt").write_text("pears\n")
    for name, value in (("UV_FIND_LINKS", str(folder)), ("UV_NO_INDEX", "1"), ("UV_OFFLINE", "1")):
        monkeypatch.setenv(name, value)


def groups(pack: Pack, tmp_path: Path) -> dict[str, Any]:
    packed = pack()
    assert packed.code == 0, packed.answer
    return json.loads((tmp_path / "out" / "requirements.json").read_bytes())["groups"]


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_is_read_before_the_next(workspace: Path, pack: Pack, tmp_path: Path, name: str) -> None:
    names = list(SOURCES)
    for each in names[names.index(name) :]:
        (workspace / each).write_text(SOURCES[each][0])

    found = groups(pack, tmp_path)

    assert found["main"] == SOURCES[name][1]
    assert found.get("load") == (["humanize>=4"] if name == "pyproject.toml" else None)


def test_without_a_source_there_is_nothing_of_the_users(workspace: Path, pack: Pack, tmp_path: Path) -> None:
    assert workspace.exists()
    assert groups(pack, tmp_path)["main"] == []


def test_a_lock_says_which_versions(workspace: Path, pack: Pack, tmp_path: Path) -> None:
    (workspace / "pyproject.toml").write_text(PYPROJECT.replace('load = ["humanize>=4"]', "load = []"))
    subprocess.run([uv.find_uv_bin(), "lock", "--offline", "--quiet"], cwd=workspace, check=True)
    (workspace / "requirements.txt").write_text("humanize\n")

    assert groups(pack, tmp_path)["main"] == ["plain==1.0"]
