"""What the control plane has of a workspace, and the lock of its region."""

from __future__ import annotations

import pytest
from tests.fakes.control_stage import Stage, definition

pytestmark = pytest.mark.anyio


async def test_control_plane_counts_its_rows_and_names_the_lock(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"), definition("report"))
    await stage.trigger(ids["load"])

    answer = await stage.own("/residency")

    assert answer.status_code == 200, answer.text
    held = answer.json()
    counted = ("jobs", "job_versions", "runs", "deployments", "configurations", "pipeline_runs")
    assert [held[name] for name in counted] == [2, 2, 1, 1, 1, 0]
    assert held["dataplane_id"] == "eu1"
    assert "eu1" in {region["dataplane_id"] for region in held["regions"]}
    assert {"locked_at", "locked_by"} <= set(held)
