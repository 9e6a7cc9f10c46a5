"""What belongs to others looks like what is not there: the same answer, in the same time (Reliability: R5)."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

import httpx
import pytest
from tests.fakes.control_stage import control_stage, definition
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import running_region
from tests.reliability.sizes import sized, tell
from tests.security.role_matrix import CONTROL, CONTROL_ROUTES, PRINCIPALS, REGION, REGION_ROUTES

from planes.domain.identifiers import new_id

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
ROUNDS = sized(20, 300)
MOST_ROUNDS = 300
MOST_MILLISECONDS = 5.0
# The addresses of one thing of a workspace: of others, and of nobody.
Pair = tuple[str, str]


async def _differences(
    client: httpx.AsyncClient, headers: Mapping[str, str], pairs: Sequence[Pair]
) -> dict[str, float]:
    """Milliseconds by which the medians differ, for each pair, asked in turn. The answers must be the same.

    Of this process's own time, which the planes here share. What other work does to it comes to both alike, so that
    a difference that goes with more rounds was none.
    """
    found: dict[str, float] = {}
    for pair in pairs:
        times: tuple[list[float], list[float]] = ([], [])
        bodies: set[bytes] = set()
        for number in count():
            order = (0, 1) if number % 2 else (1, 0)
            for which in order:
                started = time.process_time()
                answer = await client.get(pair[which], headers=headers)
                times[which].append((time.process_time() - started) * 1000)
                assert answer.status_code == 404, (pair[which], answer.text)
                bodies.add(answer.content)
            gap = abs(statistics.median(times[0]) - statistics.median(times[1]))
            if number + 1 == MOST_ROUNDS or (number + 1 >= ROUNDS and gap <= MOST_MILLISECONDS):
                found[pair[0]] = gap
                break
        assert len(bodies) == 1, pair
    return found


async def test_the_control_plane_does_not_tell_what_belongs_to_others(tmp_path: Path) -> None:
    async with control_stage(tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'control.db'}") as stage:
        jobs = await stage.deployed(definition("load"))
        run = await stage.trigger(jobs["load"])
        deployment = (await stage.get("/deployments/latest")).json()["id"]
        stranger = await stage.person(None)
        there, nowhere = stage.workspace_id, new_id()
        rests = {
            "": "", "/me": "/me", "/members": "/members", "/jobs": "/jobs", "/job-runs": "/job-runs",
            f"/jobs/{jobs['load']}": f"/jobs/{new_id()}", f"/job-runs/{run['id']}": f"/job-runs/{new_id()}",
            f"/deployments/{deployment}": f"/deployments/{new_id()}",
        }  # fmt: skip
        pairs = [(f"/api/v1/workspaces/{there}{a}", f"/api/v1/workspaces/{nowhere}{b}") for a, b in rests.items()]

        found = await _differences(stage.client, stranger.headers, pairs)

    tell(
        "R5 others' places at the control plane", f"{len(pairs)} pairs, medians differ by {max(found.values()):.2f} ms"
    )
    assert {path: gap for path, gap in found.items() if gap > MOST_MILLISECONDS} == {}


async def test_a_region_does_not_tell_what_belongs_to_others() -> None:
    with open_folder("region-") as folder:
        async with LeasingControlPlane().serving() as control, running_region(folder / "eu1", control) as place:
            lease, outcome = await place.run("print('theirs')")
            assert outcome == "completed"
            headers = place.region.headers(role="owner")
            region, mine = place.region, new_id()
            own = region.control.data_token(region.organization_id, mine, role="owner")
            prefix = f"/own/v1/workspaces/{mine}/job-runs"
            rests = ("lines", "hits", "leaks", "lines/-download")
            pairs = [(f"{prefix}/{lease.run_id}/{rest}", f"{prefix}/{new_id()}/{rest}") for rest in rests]
            for root, rest in (("/logs/v1", "logs"), ("/telemetry/v1", "result"), ("/telemetry/v1", "result-trace")):
                path = f"{root}/workspaces/{mine}/job-runs"
                pairs.append((f"{path}/{lease.run_id}/{rest}", f"{path}/{new_id()}/{rest}"))
            path = f"/api/v1/workspaces/{mine}/deployments"
            pairs.append((f"{path}/{lease.deployment_id}/files", f"{path}/{new_id()}/files"))

            found = await _differences(region.client, {"authorization": f"Bearer {own}"}, pairs)
            seen = await region.client.get(place.log_path(lease), headers=headers)

    assert seen.status_code == 200
    tell("R5 others' runs in a region", f"{len(pairs)} pairs, medians differ by {max(found.values()):.2f} ms")
    assert {path: gap for path, gap in found.items() if gap > MOST_MILLISECONDS} == {}


def test_the_matrix_is_as_large_as_promised() -> None:
    """The cells that `tests/security/test_role_matrix.py` asks, each against what is written down beside the code."""
    control = 0
    for route, name in CONTROL_ROUTES.items():
        rows = CONTROL[name]
        places = [rows.own, rows.elsewhere, rows.elsewhere]
        if "{workspace_id}" in route:
            places.append(rows.sibling)
        control += sum(len(PRINCIPALS) for expected in places if expected)
    region = sum(5 * len(REGION["read"]) for name in REGION_ROUTES.values() if REGION[name] != "same")

    tell("R5 cells", f"{control} at the control plane, {region} at regions")
    assert control + region >= 2_928
