"""What stands where: the row that says to which region an organization is locked."""

from __future__ import annotations

from datetime import UTC, datetime

from dlthub_tui.client.residency import ControlHoldings, RegionInfo
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import text_of
from dlthub_tui.viewmodel.workspace.residency import lock_line


def test_who_locked_the_region_is_named_before_where_it_is() -> None:
    held = ControlHoldings(
        dataplane_id="eu1", locked_at=datetime(2026, 11, 27, 14, tzinfo=UTC), locked_by="ana@orchard.example", jobs=0,
        runs=0, deployments=0, pipeline_runs=0, regions=(RegionInfo(id="eu1", place="Europe", url=None),),
    )  # fmt: skip
    wide, narrow = (text_of(lock_line(held, "orchard-eu", Look(), width)) for width in (120, 80))

    assert wide.endswith("is locked to eu1 (Europe) since 27 Nov 2026, by ana@orchard.example")
    assert narrow.endswith("is locked to eu1 since 27 Nov 2026, by ana@orchard.example")
