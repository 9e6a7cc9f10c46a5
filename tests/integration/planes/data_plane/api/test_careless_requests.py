"""What a careless client may send to any route of a region: ids in capitals, times at the ends of the calendar."""

from __future__ import annotations

import pytest
from tests.fakes.data_plane import RunningDataPlane

from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio
OWN, TELEMETRY = "/own/v1", "/telemetry/v1"


@pytest.mark.parametrize(
    ("root", "path", "query", "status"),
    [
        (TELEMETRY, "/pipelines/-/stats", {"end": "0001-01-01T00:00:00"}, 200),
        (TELEMETRY, "/datasets/-/stats", {"start": "9999-12-31T23:59:59.999999"}, 200),
        (TELEMETRY, "/pipeline-runs", {"start": "0001-01-01T00:00:00", "timezone": "Asia/Tokyo"}, 400),
        (OWN, "/hits", {"until": "0001-01-01T00:00:00Z"}, 200),
        (OWN, "/hits", {"since": "0001-01-01T00:00:00+14:00"}, 400),
        (OWN, "/events", {"since": "9999-12-31T23:59:59-14:00"}, 400),
        (OWN, "/audit-entries", {"until": "9999-12-31T23:59:59-14:00"}, 400),
    ],
)
async def test_ends_of_the_calendar(
    region: RunningDataPlane, root: str, path: str, query: dict[str, str], status: int
) -> None:
    address = f"{root}/workspaces/{region.workspace_id}{path}"
    answer = await region.client.get(address, headers=region.headers(), params=query)

    assert answer.status_code == status, answer.text


async def test_an_id_in_capitals_is_the_same_id(region: RunningDataPlane) -> None:
    headers = region.headers(role="owner")
    made = await region.client.put(
        f"{OWN}/workspaces/{region.workspace_id.upper()}/mail-server",
        headers=headers,
        json={"host": "mail.orchard.example", "port": 587, "sender": "jobs@orchard.example"},
    )
    small = await region.client.get(f"{OWN}/workspaces/{region.workspace_id}/mail-server", headers=headers)
    other = await region.client.get(f"{OWN}/workspaces/{new_id().upper()}/mail-server", headers=headers)

    assert made.status_code == 200, made.text
    assert small.status_code == 200, small.text
    assert small.json()["server"]["host"] == "mail.orchard.example"
    assert other.status_code == 404


async def test_an_id_of_a_query_in_capitals_is_the_same_id(region: RunningDataPlane) -> None:
    headers = region.headers(role="owner")
    answers: list[list[str]] = []
    entries = f"/own/v1/workspaces/{region.workspace_id}/audit-entries"
    await region.client.get(entries, headers=headers)
    listed = (await region.client.get(entries, headers=headers)).json()["items"]
    token = listed[0]["token_id"]
    for written in (token, token.upper()):
        found = await region.client.get(entries, params={"token_id": written}, headers=headers)
        answers.append([each["token_id"] for each in found.json()["items"]])

    assert answers[0]
    assert set(answers[1]) == set(answers[0]) == {token}


@pytest.mark.parametrize("address", ["pipeline-runs?q=a%00b", "pipeline-runs?job_run_id=%00", "pipeline-runs/a%00b"])
async def test_nul_in_an_address_is_refused(region: RunningDataPlane, address: str) -> None:
    answer = await region.client.get(
        f"/telemetry/v1/workspaces/{region.workspace_id}/{address}", headers=region.headers()
    )

    assert answer.status_code == 400
    assert "holds the character NUL" in answer.text


async def test_a_sort_key_is_given_once(region: RunningDataPlane) -> None:
    """A thousand of them would be more than a database takes in one order."""
    query = "&".join(["sort=started_at&order=asc"] * 1000)
    answer = await region.client.get(
        f"/telemetry/v1/workspaces/{region.workspace_id}/pipeline-runs?{query}", headers=region.headers()
    )

    assert answer.status_code == 400
