"""The example workspace: packed, accepted, and each job run by hand as a data plane would start it. Contract: 5.2."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from planes.manifest.launch import LaunchArguments, launcher_of, runtime_entry_point
from planes.manifest.profiles import pick_profile
from planes.manifest.requirements import job_requirements, parse_requirements
from planes.manifest.validation import ValidatedManifest, migrate_and_validate

pytestmark = pytest.mark.slow

WEATHER = Path(__file__).parents[4] / "examples" / "weather"
COUNT = "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2]).fetchall()[0][0])"


@dataclass(frozen=True, slots=True)
class Example:
    """The packed example, the interpreter with its packages, and a copy to run in."""

    answer: dict[str, Any]
    manifest: ValidatedManifest
    folder: Path

    @property
    def python(self) -> str:
        """The interpreter that uv built for it."""
        return self.answer["python"]

    def definition(self, ref: str) -> dict[str, Any]:
        """One job of the manifest."""
        return next(job.definition for job in self.manifest.jobs if job.job_ref == ref)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    folder = tmp_path_factory.mktemp("example")
    command = [sys.executable, "-I", "-m", "planes.packing", str(WEATHER), "--out", str(folder / "out")]
    done = subprocess.run(
        [*command, "--cache", str(folder / "cache")], check=False, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    manifest = migrate_and_validate(answer["manifest"]["jobs"], answer["manifest"]["engine_version"], "__deployment__")
    shutil.copytree(WEATHER, folder / "run", ignore=shutil.ignore_patterns("__pycache__", "data", "state"))
    return Example(answer, manifest, folder / "run")


@pytest.fixture
def run_job(example: Example) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs one job to its end, as the launcher of a data plane would."""

    def run(ref: str) -> subprocess.CompletedProcess[str]:
        definition = example.definition(ref)
        pin = parse_requirements(Path(example.answer["requirements"]["path"]).read_bytes())["dlt_version"]
        entry_point = runtime_entry_point(definition, LaunchArguments(profile="prod", is_refresh=False), pin)
        words = ["--run-id", "r1", "--trigger", f"manual:{ref}", "--entry-point", json.dumps(entry_point)]
        env = {"PATH": "/usr/bin:/bin", "HOME": str(example.folder), "WORKSPACE__PROFILE": "prod"}
        return subprocess.run(
            [example.python, "-m", launcher_of(definition), *words],
            check=False,
            cwd=example.folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


def _count(example: Example, pipeline: str, query: str) -> int:
    file = example.folder / ".dlt" / "data" / "prod" / f"{pipeline}.duckdb"
    done = subprocess.run([example.python, "-c", COUNT, str(file), query], check=True, capture_output=True, text=True)
    return int(done.stdout)


def test_it_has_a_job_for_each_thing_to_show(example: Example) -> None:
    triggers = {job.job_ref: job.triggers for job in example.manifest.jobs}

    assert example.manifest.warnings == ()
    assert "tag:ingest" in triggers["jobs.weather.load"]
    assert "job.success:jobs.weather.load" in triggers["jobs.weather.summarize"]
    assert triggers["jobs.housekeeping.nightly"][0] == "schedule:0 3 * * *"
    assert "http:" in triggers["jobs.explore"]
    assert pick_profile(example.definition("jobs.explore"), example.answer["configuration"]["profiles"]) == "access"


def test_no_secret_leaves_with_the_definitions(example: Example) -> None:
    assert "heron" not in json.dumps(example.answer)


def test_its_environments_are_light(example: Example) -> None:
    manifest = parse_requirements(Path(example.answer["requirements"]["path"]).read_bytes())
    request = job_requirements(manifest, example.definition("jobs.weather.load"))

    assert not request.includes_dlthub
    assert any(line.startswith("vega-datasets") for line in request.requirements)


def test_pipelines_load_what_they_say(
    example: Example, run_job: Callable[[str], subprocess.CompletedProcess[str]]
) -> None:
    load, summarize = run_job("jobs.weather.load"), run_job("jobs.weather.summarize")

    assert load.returncode == 0, load.stderr
    assert "observations: 1461 rows" in load.stdout
    assert summarize.returncode == 0, summarize.stderr
    assert _count(example, "seattle_weather", "select count(*) from seattle.observations") == 1461
    assert _count(example, "seattle_weather", "select count(*) from seattle.observations where weather = 'rain'") == 259
    assert _count(example, "seattle_monthly", "select count(*) from seattle.monthly") == 48


def test_broken_job_fails_with_a_traceback(run_job: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    done = run_job("jobs.housekeeping.broken")

    assert done.returncode == 1
    assert "ValueError: month must be in 1..12" in done.stderr
    assert "stations.py" in done.stderr


def test_careless_job_prints_the_secret_of_its_profile(
    run_job: Callable[[str], subprocess.CompletedProcess[str]],
) -> None:
    done = run_job("jobs.housekeeping.careless")

    assert done.returncode == 0, done.stderr
    assert "Bearer heron-lantern-4417-quay-marble" in done.stdout


def test_scheduled_job_runs_by_hand(run_job: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    assert run_job("jobs.housekeeping.nightly").returncode == 0


def test_importing_the_jobs_is_light(example: Example) -> None:
    code = "import weather, housekeeping, sys; print([m for m in ('pandas', 'marimo', 'duckdb') if m in sys.modules])"
    done = subprocess.run([example.python, "-c", code], cwd=example.folder, check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "[]"
