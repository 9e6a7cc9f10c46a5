"""The installation as a whole: its identity, the health of its planes, sign-ins that wait for approval."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.errors import (
    NoControlPlane,
    NotAllowed,
    NotFound,
    NotReachable,
    PlaneFailed,
    Refused,
    TimedOut,
    TooMany,
    UnexpectedAnswer,
)
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.region_numbers import Region, RunUse, parse_region
from dlthub_tui.client.transport import Transport

# Of an installation that does not say how long a silent region's runs are waited for.
GRACE_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneHealth:
    """`is_reachable`: the plane polled within the lease time. `drained_at`: since then it is given no new run."""

    id: str
    place: str
    url: str | None
    fingerprint: str | None
    last_seen_at: datetime | None
    is_reachable: bool
    enrolled_at: datetime | None = None
    drained_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSignIn:
    """A device that waits. Its code is not known here: it is typed."""

    id: str
    address: str
    client: str
    created_at: datetime
    expires_at: datetime


async def get_signing_fingerprints(plane: Transport) -> tuple[str, ...]:
    """Which keys this control plane signs tokens with; needs no session. Raises: NoControlPlane."""
    try:
        found = Fields(await plane.get("/.well-known/control-plane"), "control plane").texts("fingerprints")
    except (PlaneFailed, TooMany):
        raise
    except (Refused, UnexpectedAnswer) as exc:  # a control plane tells it to everybody
        raise NoControlPlane(str(plane.origin)) from exc
    if not found:
        raise NoControlPlane(str(plane.origin))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All data planes as the control plane sees them. `is_insecure`: one is reached over a network in clear.

    `grace_seconds`: for how long a region may be silent before its runs are called failed.
    `late_seconds` is how late the scheduler's last tick was, None where nothing was due yet.
    """

    planes: tuple[PlaneHealth, ...]
    is_insecure: bool
    version: str = ""
    late_seconds: float | None = None
    worst_late_seconds: float | None = None
    grace_seconds: float = GRACE_SECONDS


async def get_health(plane: Transport) -> Health:
    """How the installation is."""
    fields = Fields(await plane.get("/own/v1/health"), "health")
    scheduler = fields.maybe_within("scheduler")
    return Health(
        planes=fields.many("data_planes", _parse_plane),
        is_insecure=fields.flag("is_insecure"),
        version=fields.maybe_text("version") or "",
        grace_seconds=fields.maybe_number("grace_seconds") or GRACE_SECONDS,
        late_seconds=scheduler.maybe_number("late_seconds") if scheduler else None,
        worst_late_seconds=scheduler.maybe_number("worst_late_seconds") if scheduler else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRun:
    """A run in the hands of a region. `left_seconds` is until its lease ends, None where the region is silent."""

    run_id: str
    number: int
    job_ref: str
    workspace_id: str
    workspace_name: str
    plane_id: str
    status: str
    fence: int
    left_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The control plane itself, and what it has in its hands. `held_count` counts all, `held` has the first of them.

    `regions` is None where the control plane is of a version that tells nothing of them.
    """

    database: str
    database_bytes: int
    answer_seconds: float
    disk_total_bytes: int
    disk_free_bytes: int
    sessions: int
    pending_count: int
    held_count: int
    next_due_at: datetime | None
    due_count: int
    held: tuple[HeldRun, ...]
    started_at: datetime | None = None
    regions: tuple[Region, ...] | None = None
    signing_key_at: datetime | None = None

    def find_use(self, run: HeldRun) -> RunUse | None:
        """What a run takes, as its region told with its last poll."""
        numbers = next((each.numbers for each in self.regions or () if each.id == run.plane_id), None)
        return next((use for use in numbers.runs if use.run_id == run.run_id), None) if numbers is not None else None


async def find_status(plane: Transport) -> Status | None:
    """None for who does not administer the platform (own route)."""
    try:
        fields = Fields(await plane.get("/own/v1/status"), "status")
    except (NotAllowed, NotFound):
        return None
    return Status(
        database=fields.text("database"),
        database_bytes=fields.number("database_bytes"),
        answer_seconds=fields.maybe_number("database_answer_seconds") or 0.0,
        disk_total_bytes=fields.number("disk_total_bytes"),
        disk_free_bytes=fields.number("disk_free_bytes"),
        sessions=fields.number("sessions"),
        pending_count=fields.number("pending_count"),
        held_count=fields.number("held_count"),
        next_due_at=fields.maybe_moment("next_due_at"),
        due_count=fields.number("due_count"),
        held=fields.many("held", _parse_held),
        started_at=fields.maybe_moment("started_at"),
        signing_key_at=fields.maybe_moment("signing_key_at"),
        regions=None if fields.raw("regions") is None else fields.many("regions", parse_region),
    )


async def answers(url: str) -> bool:
    """Whether anything answers at a data plane's address; nothing of the session is sent."""
    return await answer_seconds(url, is_connected=False) is not None


async def answer_seconds(url: str, *, is_connected: bool = True) -> float | None:
    """In how many seconds a data plane answers from here, by default over a connection that stands; None: not at all.

    Nothing of the session is sent.
    """
    plane, begun = Transport(url), 0.0
    try:
        for _ in range(1 + is_connected):
            begun = time.monotonic()
            await plane.send(plane.request("GET", "/.well-known/data-plane"))
    except (NotReachable, TimedOut):
        return None
    finally:
        await plane.aclose()
    return time.monotonic() - begun


async def list_sign_ins(plane: Transport) -> tuple[PendingSignIn, ...]:
    """Devices that wait for approval."""
    return Fields(await plane.get("/own/v1/sign-ins"), "sign-ins").many("items", _parse_sign_in)


async def inspect_sign_in(plane: Transport, user_code: str) -> PendingSignIn:
    """Who waits with a typed code: to be read before approving."""
    return _parse_sign_in(await plane.post("/own/v1/sign-ins/-inspect", {"user_code": user_code}))


async def approve_sign_in(plane: Transport, user_code: str) -> str:
    """Approves by the typed code; answers who is signed in."""
    fields = Fields(await plane.post("/own/v1/sign-ins/-approve", {"user_code": user_code}), "sign-in")
    return fields.maybe_text("email") or ""


async def refuse_sign_in(plane: Transport, sign_in_id: str) -> None:
    """Refuses a waiting device."""
    await plane.post(f"/own/v1/sign-ins/{sign_in_id}/-refuse")


def _parse_held(raw: Any) -> HeldRun:
    fields = Fields(raw, "held run")
    return HeldRun(
        run_id=fields.text("run_id"),
        number=fields.number("run_number"),
        job_ref=fields.text("job_ref"),
        workspace_id=fields.text("workspace_id"),
        workspace_name=fields.text("workspace_name"),
        plane_id=fields.text("dataplane_id"),
        status=fields.text("status"),
        fence=fields.number("fence"),
        left_seconds=fields.maybe_number("left_seconds"),
    )


def _parse_plane(raw: Any) -> PlaneHealth:
    fields = Fields(raw, "plane")
    return PlaneHealth(
        id=fields.text("dataplane_id"),
        place=fields.maybe_text("place") or "",
        url=fields.maybe_text("url"),
        fingerprint=fields.maybe_text("fingerprint"),
        last_seen_at=fields.maybe_moment("last_seen_at"),
        is_reachable=fields.flag("is_reachable"),
        enrolled_at=fields.maybe_moment("enrolled_at"),
        drained_at=fields.maybe_moment("drained_at"),
    )


def _parse_sign_in(raw: Any) -> PendingSignIn:
    fields = Fields(raw, "sign-in")
    return PendingSignIn(
        id=fields.text("id"),
        address=fields.maybe_text("requester_address") or "?",
        client=fields.maybe_text("client") or "?",
        created_at=fields.moment("created_at"),
        expires_at=fields.moment("expires_at"),
    )
