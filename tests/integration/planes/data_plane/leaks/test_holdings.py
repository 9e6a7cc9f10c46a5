"""What a region stores of a workspace, counted by itself; and whether it stores anything of an organization."""

from __future__ import annotations

import pytest
from tests.integration.planes.data_plane.leaks.asking import PRINTS, SECRET, ask
from tests.integration.planes.data_plane.running_region import RunningRegion

from planes.domain.identifiers import new_id

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_region_counts_what_it_stores_of_a_workspace(place: RunningRegion) -> None:
    await place.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
    await place.set_variables(COLOUR="green")
    lease, outcome = await place.run(PRINTS)
    assert outcome == "completed"

    held = await ask(place, "/residency")

    logs = place.run_folder(lease) / "ctl" / "segments"
    assert (held["dataplane_id"], held["region"]) == ("eu1", "Europe")
    assert held["serves_since"] is not None
    assert held["code"]["count"] == 1
    assert held["code"]["size_bytes"] > 0
    assert held["configuration"]["count"] == 1
    assert held["variables"] == {"count": 2, "size_bytes": None, "secret_count": 1}
    assert held["logs"] == {"count": 1, "size_bytes": sum(path.stat().st_size for path in logs.iterdir())}
    assert held["results"] == {"count": 0, "size_bytes": 0}
    assert held["telemetry"] == {"count": 0, "size_bytes": 0}
    assert held["artifacts"] == {"count": 0, "size_bytes": 0}
    assert held["audit_entries"] > 0
    assert held["keep_log_days"] == 90


async def test_region_says_whether_it_holds_anything_and_pins_nobody_who_is_asked_for(
    sqlite_place: RunningRegion,
) -> None:
    region = sqlite_place.region
    await sqlite_place.set_variables(COLOUR="green")

    async def holds(organization_id: str) -> bool:
        answer = await region.client.get(f"/own/v1/organizations/{organization_id}/presence")
        assert answer.status_code == 200, answer.text
        return answer.json()["holds_something"]

    stranger = new_id()

    assert await holds(region.organization_id)
    assert not await holds(stranger)
    assert not await holds(stranger)
    assert (await region.client.get("/own/v1/organizations/../presence")).status_code == 404
    assert (await region.client.get("/own/v1/organizations/x/presence")).status_code == 400
