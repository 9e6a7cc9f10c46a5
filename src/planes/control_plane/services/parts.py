"""What the services of the control plane share, built once by `app`. Plain values only: no settings object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import anyio

from planes.control_plane.services.memory.challenges import Challenges
from planes.control_plane.services.memory.changes import Changes
from planes.control_plane.services.memory.lateness import Lateness
from planes.control_plane.services.memory.lease_time import LeaseTime
from planes.control_plane.services.memory.news import News
from planes.control_plane.services.memory.regions import Regions
from planes.control_plane.services.memory.throttle import Throttle
from planes.control_plane.services.memory.waiting import WaitingPolls
from planes.domain.clock import Clock
from planes.domain.identifiers import RunId
from planes.storage.control.connection import Connection
from planes.storage.database import Database
from planes.tokens.key_ring import KeyRing
from planes.tokens.keys import PublicKey, SigningKey

RunLiveness = Callable[[Connection, RunId, int], Awaitable[bool]]


async def no_run_lives(_connection: Connection, _run_id: RunId, _fence: int) -> bool:
    """What holds until runs exist: the token of a run is refused."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`public_url` has no trailing slash. `secret_key` derives secrets from secrets (refresh successors, CSRF marks).

    `is_insecure`: it listens on a network without TLS. `is_run_live` says whether a run with this fence may still
    use its token. `owners_invite`: owners of organizations, not only administrators, invite people who are not on the
    platform. `owner_uid` is the uid that owns the home.
    """

    database: Database
    clock: Clock
    signing_keys: KeyRing
    secret_key: bytes
    news: News
    changes: Changes
    public_url: str
    is_insecure: bool
    version: str
    started_at: datetime
    owner_key_file: Path
    owner_uid: int
    session_seconds: int
    refresh_seconds: int
    lease_seconds: int
    lost_after_seconds: int
    passwords: Throttle
    codes: Throttle
    starts: Throttle
    links: Throttle
    owners_invite: bool = True
    challenges: Challenges
    lateness: Lateness
    lease_time: LeaseTime
    is_run_live: RunLiveness = no_run_lives
    regions: Regions = field(default_factory=Regions)
    waiting: WaitingPolls = field(default_factory=WaitingPolls)
    # Argon2 takes 64 MiB and tens of milliseconds each: two at a time.
    hashing: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(2))

    @property
    def signing_key(self) -> SigningKey:
        """What signs tokens now."""
        return self.signing_keys.signer(self.clock.now())

    @property
    def public_keys(self) -> list[PublicKey]:
        """Whose tokens are good now, the one that signs first."""
        return self.signing_keys.published(self.clock.now())
