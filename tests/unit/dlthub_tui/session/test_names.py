"""What an address names where workspaces have the same name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from dlthub_tui.client.models import Organization, Workspace
from dlthub_tui.client.transport import Transport
from dlthub_tui.session import names

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 27, tzinfo=UTC)
NOBODY = cast("Transport", None)
ORCHARD = Organization(id="o", name="orchard", dataplane_id="eu1", created_at=NOW)


def workspace(one: str, name: str = "weather") -> Workspace:
    return Workspace(
        id=one, name=name, organization_id="o", dataplane_id="eu1", dataplane_url="http://eu1", is_playground=False,
        archived_at=None, member_count=1,
    )  # fmt: skip


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> list[Workspace]:
    """What there is; each workspace has the job `load`."""
    there = [workspace("w1"), workspace("w2"), workspace("w3", "books")]

    async def organizations(_: Transport) -> Sequence[Organization]:
        return [ORCHARD]

    async def workspaces(_: Transport, __: str) -> Sequence[Workspace]:
        return there

    async def jobs(_: Transport, place: str, **__: Any) -> Sequence[Any]:
        return [type("Job", (), {"job_ref": "jobs.weather.load", "is_archived": False})]

    monkeypatch.setattr(names, "list_organizations", organizations)
    monkeypatch.setattr(names, "list_workspaces", workspaces)
    monkeypatch.setattr(names, "list_jobs", jobs)
    return there


async def test_a_name_of_two_is_refused_with_addresses_that_name_one_each(stand: list[Workspace]) -> None:
    for text in ("weather/load", "orchard/weather/load"):
        with pytest.raises(names.AmbiguousName, match="have their id here") as refused:
            await names.find_spot(NOBODY, text)

        assert refused.value.candidates == ("w1/weather.load", "w2/weather.load")
        found = [await names.find_spot(NOBODY, one) for one in refused.value.candidates]
        assert [spot.place.workspace.id for spot in found] == ["w1", "w2"]
        assert [spot.address for spot in found] == list(refused.value.candidates)
    with pytest.raises(names.AmbiguousName) as refused:
        await names.find_workspace(NOBODY, "weather")
    assert refused.value.candidates == ("w1", "w2")


async def test_only_who_has_a_namesake_is_told_by_id(stand: list[Workspace]) -> None:
    assert (await names.find_spot(NOBODY, "books/load")).address == "orchard/books/weather.load"

    stand[0] = replace(stand[0], archived_at=NOW)

    assert (await names.find_spot(NOBODY, "weather")).address == "orchard/weather"
    assert [place.address for place in await names.list_places(NOBODY)] == ["orchard/weather", "orchard/books", "w1"]


@pytest.mark.parametrize("number", ["99999999999", "9" * 5000, "²"])
async def test_a_number_that_no_run_has_is_said(stand: list[Workspace], number: str) -> None:
    with pytest.raises(names.NoSuchName):
        await names.find_spot(NOBODY, f"books/load/{number}")
    with pytest.raises(names.NoSuchName):
        await names.find_spot(NOBODY, f"books/load#{'9' * 5000}")


async def test_a_name_that_ends_as_an_address_does_is_one(stand: list[Workspace]) -> None:
    stand += [workspace("w4", "week #5"), workspace("w5", "north/")]
    stand[0] = replace(stand[0], archived_at=NOW)

    for text, found in {
        "week #5": ("w4", None),
        "week #5/": ("w4", None),
        "orchard/week #5#7": ("w4", 6),
        "week #5/load#2": ("w4", 1),
        "north/": ("w5", None),
        "north//load": ("w5", None),
        "books#5": ("w3", 4),
        "books/": ("w3", None),
    }.items():
        spot = await names.find_spot(NOBODY, text)
        assert (spot.place.workspace.id, spot.line) == found, text
