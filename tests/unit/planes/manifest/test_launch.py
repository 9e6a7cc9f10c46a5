"""What a launcher is told about one run."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from planes.manifest.errors import InvalidRequirements
from planes.manifest.launch import LaunchArguments, launcher_of, runtime_entry_point

Build = Callable[..., dict[str, Any]]
NEW = {"name": "dlt", "extras": [], "version": "1.31.0", "mode": "pypi"}
OLD = {"name": "dlt", "extras": [], "version": "1.28.0", "mode": "pypi"}
PLAIN = LaunchArguments(profile="prod", is_refresh=False)


def test_point_in_time_run_carries_no_window(job: Build) -> None:
    assert runtime_entry_point(job(), PLAIN, NEW) == {
        "module": "weather",
        "function": "load",
        "job_type": "batch",
        "launcher": "dlt._workspace.deployment.launchers.job",
        "job_ref": "jobs.weather.load",
        "profile": "prod",
        "refresh": False,
    }


def test_window_is_utc_with_the_zone_of_the_job(job: Build) -> None:
    definition = job(require={"timezone": "Europe/Berlin"}, incremental_mode="interval")
    sent = copy.deepcopy(definition)
    start, end = datetime(2026, 11, 22, 2, tzinfo=UTC), datetime(2026, 11, 23, 2, tzinfo=UTC)
    arguments = LaunchArguments(
        profile="prod", is_refresh=True, window_start=start, window_end=end, config={"depth": 7}
    )
    entry_point = runtime_entry_point(definition, arguments, NEW)

    assert entry_point["interval_start"] == "2026-11-22T02:00:00+00:00"
    assert entry_point["interval_end"] == "2026-11-23T02:00:00+00:00"
    assert entry_point["interval_timezone"] == "Europe/Berlin"
    assert (entry_point["refresh"], entry_point["config"]) == (True, {"depth": 7})
    assert definition == sent


def test_older_dlt_gets_the_older_word(job: Build) -> None:
    definition = job(incremental_mode="interval", auto_refresh_pipeline_mode="drop_data")

    new, old = runtime_entry_point(definition, PLAIN, NEW), runtime_entry_point(definition, PLAIN, OLD)
    assert (new["incremental_mode"], new["auto_refresh_pipeline_mode"]) == ("interval", "drop_data")
    assert old["allow_external_schedulers"] is True
    assert "incremental_mode" not in old


def test_interactive_run_gets_its_port_and_path(notebook: Build) -> None:
    arguments = LaunchArguments(profile="access", is_refresh=False, run_args={"port": 8861, "base_path": "/apps/r2"})

    assert runtime_entry_point(notebook(), arguments, NEW)["run_args"] == {"port": 8861, "base_path": "/apps/r2"}


@pytest.mark.parametrize("version", [{}, {"version": "latest"}, {"version": ""}])
def test_nameless_version_is_refused(job: Build, version: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequirements):
        runtime_entry_point(job(), PLAIN, version)


def test_launcher_follows_the_function(job: Build) -> None:
    function = job(entry_point={"module": "m", "function": "f", "job_type": "batch", "launcher": ""})
    module = job(entry_point={"module": "m", "function": None, "job_type": "batch", "launcher": ""})

    assert launcher_of(function).endswith(".launchers.job")
    assert launcher_of(module).endswith(".launchers.module")
    assert launcher_of(job()).endswith(".launchers.job")
