"""Searching, jumping in and fetching a log over a real server, as an owner and as a viewer."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region, until

from planes.domain.access import Grant
from planes.domain.identifiers import new_id
from planes.wire.link import Lease

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SECRET = "the-value-of-a-secret"
CODE = f"""
import os, sys
for n in range(3000):
    print("row", n, "loaded in", n % 7, "ms")
print("Connection REFUSED by peer", flush=True)
print("WARNING: slow", file=sys.stderr, flush=True)
print("ValueError: no such table", file=sys.stderr, flush=True)
print("caf\\u00c9 says \\"hi\\"", flush=True)
print("secret", {SECRET!r})
if os.environ.get("MORE"):
    print("something else happened", flush=True)
"""


@pytest.fixture
async def place() -> AsyncGenerator[RunningRegion]:
    with open_folder("region-") as folder:
        async with LeasingControlPlane().serving() as control, running_region(folder / "eu1", control) as running:
            await running.set_variables(secret=True, WAREHOUSE_KEY=SECRET)
            yield running


def address(place: RunningRegion, lease: Lease, rest: str = "") -> str:
    return f"/own/v1/workspaces/{place.region.workspace_id}/job-runs/{lease.run_id}/lines{rest}"


async def found(place: RunningRegion, lease: Lease, rest: str = "/-search", **query: Any) -> tuple[list[Any], Any]:
    headers = query.pop("headers", None) or place.region.headers()
    answer = await place.region.client.get(address(place, lease, rest), params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    *objects, done = [json.loads(line) for line in answer.text.splitlines()]
    return [each for each in objects if "line" in each], done["done"]


async def test_what_is_asked_for_comes_back_and_nothing_else(place: RunningRegion) -> None:
    lease, outcome = await place.run(CODE)
    assert outcome == "completed"

    async def contents(**query: Any) -> list[str]:
        return [match["line"]["content"] for match in (await found(place, lease, **query))[0]]

    assert await contents(text="connection refused") == ["Connection REFUSED by peer"]
    assert await contents(text='CAF\u00e9 says "H') == ['caf\u00c9 says "hi"']
    assert await contents(regex="^row 29.5 .*ms$") == [
        f"row 29{n}5 loaded in {int(f'29{n}5') % 7} ms" for n in range(10)
    ]
    assert await contents(level="error") == ["ValueError: no such table"]
    assert await contents(level="warning,error", stream="stderr") == ["WARNING: slow", "ValueError: no such table"]
    assert await contents(text="row 2999", backwards=True, from_line=-1) == ["row 2999 loaded in 3 ms"]
    assert await contents(text="row", limit=2) == ["row 0 loaded in 0 ms", "row 1 loaded in 1 ms"]
    assert await contents(text="row", limit=2, backwards=True, from_line=-1) == [
        "row 2999 loaded in 3 ms", "row 2998 loaded in 2 ms",
    ]  # fmt: skip
    assert "exit code 0" in await contents(source="runner")
    assert await contents(text="runner") == []
    _, done = await found(place, lease, text="nowhere")
    assert (done["matches"], done["is_complete"], done["looked_at"]) == (0, True, done["total"])
    _, done = await found(place, lease, text="row", limit=5)
    assert (done["matches"], done["is_complete"]) == (5, False)

    at = (await found(place, lease, text="refused"))[0][0]
    first = await place.region.client.get(
        address(place, lease, "/-first"), params={"at": at["line"]["reported_at"]}, headers=place.region.headers()
    )
    assert first.json()["number"] <= at["number"]
    bounded, _ = await found(place, lease, text="row", until=at["line"]["reported_at"], limit=10_000)
    assert all(match["line"]["reported_at"] < at["line"]["reported_at"] for match in bounded)


async def test_lines_unlike_any_of_another_run(place: RunningRegion) -> None:
    before, _ = await place.run(CODE)
    await place.set_variables(MORE="yes")
    lease, _ = await place.run(CODE)

    matches, done = await found(place, lease, "/-new", against=before.run_id)

    assert [match["line"]["content"] for match in matches] == ["something else happened"]
    assert done["is_complete"] is True


async def test_two_logs_beside_each_other(place: RunningRegion) -> None:
    code = CODE.replace(", file=sys.stderr", "")  # two streams may come in another order in each run
    before, _ = await place.run(code)
    await place.set_variables(MORE="yes")
    lease, _ = await place.run(code)
    lines, other = await place.lines(lease, None), await place.lines(before, None)
    answer = await place.region.client.get(
        address(place, lease, "/-compare"), params={"against": before.run_id}, headers=place.region.headers()
    )
    *objects, done = [json.loads(line) for line in answer.text.splitlines()]
    runs = [each["same"] for each in objects if "same" in each]
    alike = {run["from_line"] + at: run["against_line"] + at for run in runs for at in range(run["count"])}

    assert lines.index("something else happened") not in alike
    assert alike[lines.index("secret [masked:WAREHOUSE_KEY]")] == other.index("secret [masked:WAREHOUSE_KEY]")
    assert len(alike) >= 3000
    assert done["done"]["is_complete"] is True
    assert "row" not in answer.text


async def test_no_route_tells_a_viewer_the_name_in_a_mask(place: RunningRegion) -> None:
    lease, _ = await place.run(CODE)
    viewer = place.region.headers(Grant.READ, role="viewer")
    owner = place.region.headers(Grant.READ, role="owner")
    base = f"/own/v1/workspaces/{place.region.workspace_id}/job-runs/{lease.run_id}"
    routes = [
        place.log_path(lease), place.log_path(lease, "log-stream"), f"{base}/log-stream", f"{base}/lines?from_line=-20",
        f"{base}/lines/-search?text=secret", f"{base}/lines/-search?regex=masked",
        f"{base}/lines/-new?against={lease.run_id}",
        f"{base}/lines/-download", f"{base}/lines/-download?format=text",
    ]  # fmt: skip
    names = 0
    for route in routes:
        seen = (await place.region.client.get(route, headers=viewer)).text
        known = (await place.region.client.get(route, headers=owner)).text
        assert "WAREHOUSE_KEY" not in seen, route
        assert SECRET not in seen + known
        names += "secret [masked:WAREHOUSE_KEY]" in known
        assert ("secret [masked]" in seen) == ("secret [masked:WAREHOUSE_KEY]" in known), route
    assert names == len(routes) - 1
    for query in ({"text": "warehouse_key"}, {"regex": "WAREHOUSE"}, {"text": "masked:"}):
        assert (await found(place, lease, headers=viewer, **query))[0] == []
        assert len((await found(place, lease, headers=owner, **query))[0]) == 1


async def test_a_role_that_nobody_knows_is_told_no_name(place: RunningRegion) -> None:
    lease, _ = await place.run(CODE)

    stored = await place.region.client.get(
        place.log_path(lease), headers=place.region.headers(Grant.READ, role="other")
    )

    assert "WAREHOUSE_KEY" not in stored.text


@pytest.mark.parametrize(
    "query",
    [
        {"regex": "(["},
        {"regex": "(?=x)"},
        {"source": "me"},
        {"level": "fatal"},
        {"limit": 0},
        {"since": "x"},
        {"until": "0.5"},
        {"since": "1.1e-308"},
        {"limit": 10001},
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused_before_the_answer(
    place: RunningRegion, query: dict[str, Any]
) -> None:
    lease, _ = await place.run("print('x')\n")

    answer = await place.region.client.get(
        address(place, lease, "/-search"), params=query, headers=place.region.headers()
    )

    assert answer.status_code == 400
    assert "([" not in answer.text


async def test_search_needs_a_run_of_the_workspace(place: RunningRegion) -> None:
    lease, _ = await place.run("print('x')\n")
    foreign = place.control.data_token(place.region.organization_id, new_id())
    for rest in ("/-search", "/-first?at=2026-01-01T00:00:00Z", "/-download", f"/-new?against={lease.run_id}",
                 f"/-compare?against={lease.run_id}"):  # fmt: skip
        unknown = address(place, lease, rest).replace(f"job-runs/{lease.run_id}", f"job-runs/{new_id()}")
        answers = [
            await place.region.client.get(unknown, headers=place.region.headers()),
            await place.region.client.get(address(place, lease, rest)),
            await place.region.client.get(address(place, lease, rest), headers={"authorization": f"Bearer {foreign}"}),
        ]
        assert [answer.status_code for answer in answers] == [404, 401, 404]
    for rest in ("/-new", "/-compare"):
        other = await place.region.client.get(
            address(place, lease, f"{rest}?against={new_id()}"), headers=place.region.headers()
        )
        assert other.status_code == 404


async def test_an_ended_run_is_compressed_and_served_as_before(place: RunningRegion) -> None:
    lease, _ = await place.run(CODE)
    segments = place.run_folder(lease) / "ctl" / "segments"
    lines = await place.lines(lease, None)
    await until(lambda: not list(segments.glob("*.ndjson")))

    assert list(segments.glob("*.zst"))
    assert await place.lines(lease, None) == lines
    with anyio.fail_after(240):
        async with place.region.client.stream(
            "GET", place.log_path(lease, "log-stream"), headers=place.region.headers(role="owner")
        ) as answer:
            events = [line async for line in answer.aiter_lines() if line.startswith("data: ")]
    assert [json.loads(event[6:])["content"] for event in events] == lines
    part = await place.region.client.get(
        address(place, lease), params={"from_line": 1234, "limit": 2}, headers=place.region.headers()
    )
    assert [line["content"] for line in part.json()["lines"]] == lines[1234:1236]
    assert part.json()["damage"] == []
    assert (await found(place, lease, text="REFUSED by"))[0][0]["number"] == lines.index("Connection REFUSED by peer")
