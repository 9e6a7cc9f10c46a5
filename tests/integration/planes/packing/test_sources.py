"""Where the requirements of a workspace come from, as they are deployed, which of two counts, and what jobs get."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uv
from tests.fakes.workspaces import LAUNCHERS, definition, with_entry_point
from tests.integration.planes.data_plane.executor.wheels import write_wheel
from tests.integration.planes.packing.conftest import Packed

from planes.data_plane.executor.environments import BuilderOptions, EnvironmentCatalogue, EnvironmentSpecification
from planes.manifest.errors import InvalidRequirements
from planes.manifest.requirements import job_requirements, parse_requirements

Pack = Callable[..., Packed]

PYPROJECT = """
[project]
name = "orchard"
version = "1"
requires-python = ">=3.11"
dependencies = ["plain"]

[dependency-groups]
load = ["walnuts>=4"]
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
    for name in ("plain", "apples", "pears", "cherries"):
        write_wheel(folder, name)
    write_wheel(folder, "walnuts", "4.1")
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
    assert found.get("load") == (["walnuts>=4"] if name == "pyproject.toml" else None)


def test_without_a_source_there_is_nothing_of_the_users(workspace: Path, pack: Pack, tmp_path: Path) -> None:
    assert workspace.exists()
    assert groups(pack, tmp_path)["main"] == []


def test_a_lock_says_which_versions(workspace: Path, pack: Pack, tmp_path: Path) -> None:
    (workspace / "pyproject.toml").write_text(PYPROJECT.replace('load = ["walnuts>=4"]', "load = []"))
    subprocess.run([uv.find_uv_bin(), "lock", "--offline", "--quiet"], cwd=workspace, check=True)
    (workspace / "requirements.txt").write_text("walnuts\n")

    assert groups(pack, tmp_path)["main"] == ["plain==1.0"]


LAUNCHED = {"botocore": "1.40.0", "s3fs": "2025.9.0", "marimo": "1.0", "uvicorn": "1.0"}
HELD = {
    "uv.lock": {"plain"},
    "pyproject.toml": {"plain"},
    "requirements.txt": {"apples", "pears"},
    "requirements.in": {"cherries"},
    "none": set[str](),
}


@pytest.mark.parametrize("name", HELD)
def test_a_jobs_environment_holds_its_groups_and_its_launchers_packages_and_no_other(
    workspace: Path, pack: Pack, tmp_path: Path, name: str
) -> None:
    for each, version in LAUNCHED.items():
        write_wheel(workspace.parent / "wheels", each, version)
    write_wheel(workspace.parent / "wheels", "dlt", "1.31.0", {"dlt/__init__.py": ""})
    if name in SOURCES:
        (workspace / name).write_text(SOURCES[name][0])
    if name == "uv.lock":
        (workspace / "pyproject.toml").write_text(PYPROJECT)
        subprocess.run([uv.find_uv_bin(), "lock", "--offline", "--quiet"], cwd=workspace, check=True)
        write_wheel(workspace.parent / "wheels", "plain", "2.0")
    packed = pack()
    assert packed.code == 0, packed.answer
    manifest = parse_requirements((tmp_path / "out" / "requirements.json").read_bytes())
    job = definition("works", "loads")
    notebook = with_entry_point(job, launcher=f"{LAUNCHERS}.marimo")
    grouped = {**job, "require": {"dependency_groups": ["load"]}}

    held = HELD[name] | {"dlt"}
    assert installed(workspace, manifest, job) == held | {"botocore", "s3fs"}
    assert installed(workspace, manifest, notebook) == held | {"marimo", "uvicorn"}
    if name in ("uv.lock", "pyproject.toml"):
        assert installed(workspace, manifest, grouped) == held | {"botocore", "s3fs", "walnuts"}
    else:
        with pytest.raises(InvalidRequirements, match="'load'"):
            job_requirements(manifest, grouped)


def installed(workspace: Path, manifest: dict[str, Any], job: dict[str, object]) -> set[str]:
    """The distributions of the environment that a region builds for the job."""
    wanted = job_requirements(manifest, job)
    specification = EnvironmentSpecification(
        organization_id="organization",
        workspace_id="workspace",
        python_version=f"{sys.version_info.major}.{sys.version_info.minor}",
        requirements=wanted.requirements,
        wishes=wanted.wishes,
        includes_dlthub=wanted.includes_dlthub,
    )
    options = BuilderOptions(environment={"UV_FIND_LINKS": str(workspace.parent / "wheels"), "UV_OFFLINE": "1"})
    place = workspace.parent / "region"
    place.mkdir(exist_ok=True)
    catalogue = EnvironmentCatalogue(place, options, None, None)
    step = catalogue.prepare_build(specification)
    done = subprocess.run(step.argv, cwd=step.cwd, env=step.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = catalogue.python(specification).parents[1].glob("lib/python*/site-packages/*.dist-info")
    return {path.name.removesuffix(".dist-info").partition("-")[0] for path in found}
