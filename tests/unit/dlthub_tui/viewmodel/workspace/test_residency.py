"""What stands where: the row that says to which region an organization is locked."""

from __future__ import annotations

from datetime import UTC, datetime

from dlthub_tui.client.residency import ControlHoldings, RegionInfo
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import text_of
from dlthub_tui.viewmodel.workspace.residency import lock_line

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def test_this_year_then_where_it_is_make_room_for_who_locked_the_region() -> None:
    held = ControlHoldings(
        dataplane_id="eu1", locked_at=datetime(2026, 11, 27, 14, tzinfo=UTC), locked_by="ana@orchard.example", jobs=0,
        runs=0, deployments=0, pipeline_runs=0, regions=(RegionInfo(id="eu1", place="Europe", url=None),),
    )  # fmt: skip
    look = Look(now=lambda: NOW, zone=UTC)
    wide, narrow, least = (text_of(lock_line(held, "orchard-eu", look, width)) for width in (120, 80, 72))

    assert wide.endswith("is locked to eu1 (Europe) since 27 Nov 2026, by ana@orchard.example")
    assert narrow.endswith("is locked to eu1 (Europe) since 27 Nov, by ana@orchard.example")
    assert least.endswith("is locked to eu1 since 27 Nov 2026, by ana@orchard.example")
