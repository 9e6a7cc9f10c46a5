"""How regions are, as they told the control plane with their last polls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.reading import Fields

# What takes room in a region's folder, and its database.
KINDS = ("environments", "caches", "runs", "data", "code", "blobs", "database")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUse:
    """What a run takes where it runs, its runner with it. `processor_percent` is None where it was looked at once."""

    run_id: str
    pid: int
    memory_bytes: int
    processor_percent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """All organizations' together. None is what the region did not tell; `sizes` has the kinds that it told."""

    version: str
    started_at: datetime | None
    slots: int
    runners: int
    warm: int
    warm_bytes: int
    disk_total_bytes: int | None
    disk_free_bytes: int | None
    measured_at: datetime | None
    environments: int | None
    environments_used_at: datetime | None
    sizes: Mapping[str, int]
    master_key_at: datetime | None = None
    runs: tuple[RunUse, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """`numbers` is None where the region has told none, `organizations` where the control plane counts none of them.

    `is_doubled`: another process runs as it, and is refused.
    """

    id: str
    polled_at: datetime | None
    numbers: Numbers | None
    organizations: int | None = None
    is_doubled: bool = False


def parse_region(raw: Any) -> Region:
    """One of `regions`."""
    fields = Fields(raw, "region")
    numbers = fields.maybe_within("numbers")
    return Region(
        id=fields.text("dataplane_id"),
        polled_at=fields.maybe_moment("polled_at"),
        numbers=_parse_numbers(numbers) if numbers is not None else None,
        organizations=_maybe_whole(fields, "organizations"),
        is_doubled=fields.flag("is_doubled"),
    )


def _parse_numbers(fields: Fields) -> Numbers:
    told = {kind: fields.maybe_number(f"{kind}_bytes") for kind in KINDS}
    return Numbers(
        version=fields.maybe_text("version") or "",
        started_at=fields.maybe_moment("started_at"),
        slots=fields.number("slots", 0),
        runners=fields.number("runners", 0),
        warm=fields.number("warm", 0),
        warm_bytes=fields.number("warm_bytes", 0),
        disk_total_bytes=_maybe_whole(fields, "disk_total_bytes"),
        disk_free_bytes=_maybe_whole(fields, "disk_free_bytes"),
        measured_at=fields.maybe_moment("measured_at"),
        environments=_maybe_whole(fields, "environments"),
        environments_used_at=fields.maybe_moment("environments_used_at"),
        sizes={kind: int(size) for kind, size in told.items() if size is not None},
        master_key_at=fields.maybe_moment("master_key_at"),
        runs=fields.many("runs", _parse_use) if fields.raw("runs") is not None else (),
    )


def _parse_use(raw: Any) -> RunUse:
    fields = Fields(raw, "run's use")
    return RunUse(
        run_id=fields.text("run_id"),
        pid=fields.number("pid"),
        memory_bytes=fields.number("memory_bytes"),
        processor_percent=_maybe_whole(fields, "processor_percent"),
    )


def _maybe_whole(fields: Fields, key: str) -> int | None:
    number = fields.maybe_number(key)
    return None if number is None else int(number)
