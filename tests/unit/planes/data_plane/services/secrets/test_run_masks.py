"""Masks of runs are compiled once for all that a run reports."""

from typing import Any, cast

import anyio
import pytest

from planes.data_plane.services.secrets.run_masks import RunMasks
from planes.data_plane.services.secrets.run_secrets import render_pairs
from planes.scrub import Registered, scrub_text
from planes.storage.types import Row
from planes.storage.vault import Place

pytestmark = pytest.mark.anyio


class OpenVault:
    """Seals nothing, and counts."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    async def open(self, place: Place, sealed: bytes) -> bytes:
        self.opened.append(place.name)
        return sealed


def _run(name: str, **secrets: str) -> Row:
    sealed = render_pairs(tuple(secrets.items())) if secrets else None
    return {"id": name, "organization_id": "o", "workspace_id": "w", "registered": sealed}


async def test_masks_of_a_run_are_compiled_once_and_again_when_they_are_others() -> None:
    vault = OpenVault()
    masks = RunMasks(cast("Any", vault))

    first = await masks.of(_run("a", TOKEN="owl-in-the-barn"))
    second = await masks.of(_run("a", TOKEN="owl-in-the-barn"))
    more = await masks.of(_run("a", TOKEN="owl-in-the-barn", OTHER="heron-by-the-pond"))
    none = await masks.of(_run("b"))

    assert first is second
    assert vault.opened == ["a", "a"]
    text = "owl-in-the-barn heron-by-the-pond"
    assert [scrub_text(text, each) for each in (first, more, none)] == [
        "[masked:TOKEN] heron-by-the-pond", "[masked:TOKEN] [masked:OTHER]", text,
    ]  # fmt: skip


async def test_reports_that_come_together_compile_masks_once() -> None:
    vault = OpenVault()
    masks = RunMasks(cast("Any", vault))
    found: list[Registered] = []

    async def report() -> None:
        found.append(await masks.of(_run("a", TOKEN="owl-in-the-barn")))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(report)

    assert len(found) == 5
    assert all(each is found[0] for each in found)
    assert vault.opened == ["a"]


async def test_masks_of_the_runs_that_reported_last_are_kept() -> None:
    vault = OpenVault()
    masks = RunMasks(cast("Any", vault))

    for name in ("a", "b", "a", "c", "a", "d", "e", "a", "b"):
        await masks.of(_run(name, TOKEN=f"owl-in-the-barn-{name}"))

    assert vault.opened == ["a", "b", "c", "d", "e", "b"]
