"""Our own list of jobs says what the contract's does, as far as a list shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.control_stage import Stage, definition
from tests.integration.planes.control_plane.work.test_lists import DASHBOARD

from dlthub_tui.client.models import Job, parse_job, parse_short_job

pytestmark = pytest.mark.anyio


async def _listed(stage: Stage, **query: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    whole, short = await stage.get("/jobs", **query), await stage.own("/jobs", **query)
    assert short.status_code == 200, short.text
    return whole.json(), short.json()


def _as_listed(job: Job) -> Job:
    """Without what no list shows."""
    latest = job.latest_run
    if latest is not None:
        latest = replace(latest, deployment_id="", configuration_id="", triggered_by=None, previous_run_id=None)
    return replace(job, definition={}, latest_run=latest)


async def test_list_in_short_says_what_the_contracts_list_says(stage: Stage) -> None:
    ids = await stage.deployed(
        definition(
            "load", "schedule:0 3 * * *", description="Loads all orders.", require={"timezone": "Europe/Berlin"},
            execute={"concurrency": None, "timeout": {"timeout": 90.5}}, deliver={"pipeline_name": "demo_pipe"},
        ),
        definition("report", "job.success:jobs.jobs.load", freshness=["job.is_fresh:jobs.jobs.load"]),
        definition("paused", "every:6h"),
        definition("old"),
        DASHBOARD,
    )  # fmt: skip
    first = await stage.trigger(ids["load"])
    stage.clock.advance(seconds=60)
    await stage.finished(first["id"])
    await stage.trigger(ids["load"])
    await stage.post(f"/jobs/{ids['paused']}/-pause")
    await stage.post(f"/jobs/{ids['old']}/-archive")
    await stage.post(f"/jobs/{ids['dashboard']}/-publish")

    whole, short = await _listed(stage, recent_job_runs_limit=10)

    found = [parse_short_job(item) for item in short["items"]]
    assert found == [_as_listed(parse_job(item)) for item in whole["items"]]
    loads = next(job for job in found if job.id == ids["load"])
    assert [run.status for run in loads.recent_runs] == ["pending", "completed"]
    assert "job_definition" not in short["items"][0]
    assert (short["total"], short["next_cursor"]) == (5, None)


async def test_list_in_short_comes_in_the_same_pages(stage: Stage) -> None:
    await stage.deployed(*(definition(f"job{number}") for number in range(5)))

    for query in ({"limit": 2}, {"limit": 2, "offset": 2}, {"limit": 2, "offset": 4}, {"offset": 5}):
        whole, short = await _listed(stage, **query)
        assert [item["id"] for item in short["items"]] == [item["id"] for item in whole["items"]]
        assert short["total"] == whole["total"] == 5
        assert not any(item["recent_job_runs"] for item in short["items"])
    first = (await stage.own("/jobs", limit=3)).json()
    rest = (await stage.own("/jobs", limit=3, cursor=first["next_cursor"])).json()
    assert len({item["id"] for item in (*first["items"], *rest["items"])}) == 5
    assert (await stage.own("/jobs", recent_job_runs_limit=101)).status_code == 400
