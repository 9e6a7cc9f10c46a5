"""What is stored where: each plane is asked for itself, and a region for who read its data (docs/api.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.pins import PinStore, recognise
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport

TRAIL_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionInfo:
    """A region of the installation; `url` is None until it enrolled."""

    id: str
    place: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlHoldings:
    """The lock, and the rows that the control plane has of a workspace."""

    dataplane_id: str
    locked_at: datetime | None
    locked_by: str | None
    jobs: int
    runs: int
    deployments: int
    pipeline_runs: int
    regions: tuple[RegionInfo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many, and how many bytes; None where only rows were counted."""

    count: int
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionHoldings:
    """What the region stores of a workspace. `keep_log_days` 0: for ever, None: an older region does not say."""

    counted_at: datetime
    code: Kept
    configuration: Kept
    variables: Kept
    secret_count: int
    logs: Kept
    results: Kept
    telemetry: Kept
    artifacts: Kept
    audit_entries: int
    keep_log_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """Who did what to the region's data, when, with which token. `hash` is over this entry and the one before."""

    number: int
    at: datetime
    actor: str
    email: str | None
    action: str
    object_id: str | None
    token_id: str
    details: dict[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Newest first; `total` counts up to 10,001. `next` is where the page after it begins, None after the last."""

    items: tuple[TrailEntry, ...]
    total: int
    next: str | None


async def find_break(region: Transport, workspace_id: str) -> int | None:
    """The first entry of the region's trail that does not follow from the one before, None where all do (own route)."""
    fields = Fields(await region.get(f"/own/v1/workspaces/{workspace_id}/audit-chain"), "audit chain")
    return None if fields.flag("is_intact") else fields.number("broken_at", 1)


async def get_control_holdings(plane: Transport, workspace_id: str) -> ControlHoldings:
    """The control plane's own count (own route)."""
    fields = Fields(await plane.get(f"/own/v1/workspaces/{workspace_id}/residency"), "residency")
    return ControlHoldings(
        dataplane_id=fields.text("dataplane_id"),
        locked_at=fields.maybe_moment("locked_at"),
        locked_by=fields.maybe_text("locked_by"),
        jobs=fields.number("jobs", 0),
        runs=fields.number("runs", 0),
        deployments=fields.number("deployments", 0),
        pipeline_runs=fields.number("pipeline_runs", 0),
        regions=fields.many("regions", _parse_region),
    )


async def get_region_holdings(region: Transport, workspace_id: str) -> RegionHoldings:
    """The region's own count (own route)."""
    fields = Fields(await region.get(f"/own/v1/workspaces/{workspace_id}/residency"), "residency")
    return RegionHoldings(
        counted_at=fields.moment("counted_at"),
        code=_kept(fields, "code"),
        configuration=_kept(fields, "configuration"),
        variables=_kept(fields, "variables"),
        secret_count=fields.within("variables").number("secret_count", 0),
        logs=_kept(fields, "logs"),
        results=_kept(fields, "results"),
        telemetry=_kept(fields, "telemetry"),
        artifacts=_kept(fields, "artifacts"),
        audit_entries=fields.number("audit_entries", 0),
        keep_log_days=None if (days := fields.maybe_number("keep_log_days")) is None else int(days),
    )


async def holds_something(pins: PinStore, region: RegionInfo, organization_id: str) -> bool:
    """Whether a region has anything of an organization, by its own word (own route); it is recognised first.

    Raises: PinMismatch, and what asking raises.
    """
    assert region.url is not None
    await recognise(pins, region.id, region.url)
    plane = Transport(region.url)
    try:
        answer = await plane.get(f"/own/v1/organizations/{organization_id}/presence")
    finally:
        await plane.aclose()
    return Fields(answer, "presence").flag("holds_something", default=True)


async def get_trail(region: Transport, workspace_id: str, cursor: str | None = None) -> TrailPage:
    """A page of the region's audit log of a workspace (own route). Raises: NotAllowed for all but its owners."""
    query = {"limit": TRAIL_PAGE, "cursor": cursor}
    fields = Fields(await region.get(f"/own/v1/workspaces/{workspace_id}/audit-entries", query), "audit log")
    return TrailPage(
        fields.many("items", _parse_entry), fields.number("total", 0), fields.maybe_text("next_cursor") or None
    )


def _kept(fields: Fields, name: str) -> Kept:
    found = fields.within(name)
    size = found.maybe_number("size_bytes")
    return Kept(count=found.number("count"), size_bytes=None if size is None else int(size))


def _parse_region(raw: Any) -> RegionInfo:
    fields = Fields(raw, "region")
    return RegionInfo(
        id=fields.text("dataplane_id"), place=fields.maybe_text("place") or "", url=fields.maybe_text("url")
    )


def _parse_entry(raw: Any) -> TrailEntry:
    fields = Fields(raw, "audit entry")
    details = fields.maybe_within("details")
    return TrailEntry(
        number=fields.number("number"),
        at=fields.moment("at"),
        actor=fields.text("actor"),
        email=fields.maybe_text("email"),
        action=fields.text("action"),
        object_id=fields.maybe_text("object_id"),
        token_id=fields.text("token_id"),
        details=details.whole() if details is not None else {},
        previous_hash=fields.maybe_text("previous_hash") or "",
        hash=fields.maybe_text("hash") or "",
    )
