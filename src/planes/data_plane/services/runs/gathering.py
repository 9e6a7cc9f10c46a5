"""What a lease needs from the region's own data: checked, opened, written down.

    read ─► planned ─► opened ─► gathered ─► written down: environment, what was opened, that the run starts
                   └── meanwhile, unless it came with the lease: the run's credential ──┘

What was opened stays in memory, this process's and that of the runner that stands by, until it is written down that it
was: nothing of it is on a disk or with the job before. One transaction reads and one writes, because a run's start
waits for each of them; where nothing is to be waited for, the one that writes is that of the lease.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from planes.data_plane.executor.apps import AppPlace, free_port, health_of
from planes.data_plane.services.access.residency import LeasedVersions
from planes.data_plane.services.assembly import Services
from planes.data_plane.services.audit import Action, Actor, Deed
from planes.data_plane.services.launching import Launch, LaunchRefused, check_lease, is_app, is_dashboard, plan_launch
from planes.data_plane.services.runs.left_out import left_out
from planes.data_plane.services.secrets.run_secrets import Credentials
from planes.data_plane.services.secrets.variables import ResolvedVariables, scope_of
from planes.data_plane.services.side_by_side import side_by_side
from planes.data_plane.services.upkeep.old_environments import lock_environments
from planes.data_plane.services.uploads.code_trees import read_requirements
from planes.data_plane.services.webhooks import SentCall
from planes.domain.errors import Conflict, Unavailable
from planes.manifest.facts import part
from planes.manifest.launch import launcher_of
from planes.scrub import ScrubSettings
from planes.storage.data import runs
from planes.storage.types import Row
from planes.tokens.opaque import new_secret
from planes.wire.link import Lease

_TOKEN_TRIES = 4
_TOKEN_WAIT_SECONDS = 0.5


class LeaseLost(Exception):
    """The control plane has taken the run from this plane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All that a run is made of."""

    launch: Launch
    app: AppPlace | None
    tree: Path
    configuration: dict[str, bytes] = field(repr=False)
    variables: ResolvedVariables
    credentials: Credentials
    scrub: ScrubSettings | None = field(repr=False)
    deeds: tuple[Deed, ...] = ()
    """What is to be written down before anything of this is on a disk or with the job."""
    left_out: tuple[str, ...] = ()
    """What the environment lacks that the workspace's files ask for."""
    call: SentCall | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows, still sealed."""

    versions: LeasedVersions
    variables: Mapping[str, Row] = field(repr=False)
    scrub: Row | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Planned:
    """A lease that belongs here, with what it is to run; nothing of its is opened yet."""

    launch: Launch
    app: AppPlace | None
    tree: Path
    stored: Stored = field(repr=False)
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Opened:
    configuration: dict[str, bytes] = field(repr=False)
    variables: ResolvedVariables = field(repr=False)
    scrub: ScrubSettings | None = field(repr=False)
    call: SentCall | None = field(repr=False)


class Gathering:
    """Gathers for one run at a time or for many; knows nothing between two of them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._parts = services.parts

    async def plan(self, lease: Lease, stored: Stored | None = None) -> Planned:
        """What is to run, checked against the region's own rows and files; `stored` if they were read before.

        Raises: LaunchRefused, PlaneError, StorageError, BlobMissing.
        """
        stored = stored or await self.read(lease)
        await self._services.residency.settle(lease, stored.versions)
        tree = await self._services.code_trees.tree_of(stored.versions.deployment)
        app = AppPlace(port=free_port(), health=health_of(launcher_of(lease.definition))) if is_app(lease) else None
        requirements: bytes = stored.versions.deployment["requirements"]
        launch, lacks = await to_thread.run_sync(_plan, lease, tree, requirements, app.port if app else None)
        return Planned(launch, app, tree, stored, lacks)

    async def gather(self, lease: Lease, planned: Planned, token: str | None = None) -> Gathered:
        """`token` is the run's credential, if it came with the lease.

        Raises: LeaseLost, LaunchRefused, PlaneError, StorageError, BlobMissing.
        """
        if token is not None:
            opened = await self._open(lease, planned)
        else:
            token, opened = await side_by_side(lambda: self._run_token(lease), lambda: self._open(lease, planned))
        secret = new_secret()
        return Gathered(
            launch=planned.launch,
            app=planned.app,
            tree=planned.tree,
            configuration=opened.configuration,
            variables=opened.variables,
            credentials=Credentials(
                beacon_url=f"{self._parts.public_url}/beacon/{secret}", beacon_secret=secret, token=token
            ),
            scrub=opened.scrub,
            deeds=tuple(_deeds(lease, planned.stored)),
            call=opened.call,
            left_out=planned.left_out,
        )

    async def write_down(self, lease: Lease, gathered: Gathered, values: Mapping[str, Any]) -> None:
        """What the region has to know before anything of this is laid out, or anybody looks whether the environment is
        there, which housekeeping leaves alone from then on. `values` are of the run's row.

        Raises: Unavailable, StorageFull, StorageError; then nothing may be laid out.
        """
        async with self._parts.database.transaction() as connection:
            await runs.change(connection, lease.run_id, {**values, "environment": gathered.launch.environment.key})
            await self.note_deeds(connection, lease, gathered)

    async def note_deeds(self, connection: Any, lease: Lease, gathered: Gathered) -> None:
        """In the transaction that writes the run's row, with the environment it has. Raises: as above."""
        actor = Actor.run(lease.run_id, lease.organization_id, lease.workspace_id)
        await lock_environments(self._parts, connection, lease.workspace_id)
        await self._services.audit.append_all(connection, actor, gathered.deeds)

    def is_unpacked(self, stored: Stored) -> bool:
        """Whether the code is there, as far as this process knows."""
        return self._services.code_trees.is_unpacked(stored.versions.deployment)

    async def _open(self, lease: Lease, planned: Planned) -> _Opened:
        services, stored = self._services, planned.stored
        return _Opened(
            configuration=await services.configurations.open_row(stored.versions.configuration),
            variables=await services.variables.open_winners(lease.organization_id, stored.variables),
            scrub=await services.scrubbing.open_row(stored.scrub),
            call=await self._call_of(lease),
        )

    async def _call_of(self, lease: Lease) -> SentCall | None:
        """What was sent to the webhook that the run answers. Raises: LaunchRefused."""
        if lease.webhook_call_id is None:
            return None
        found = await self._services.webhooks.sent_by(lease.workspace_id, lease.webhook_call_id)
        if found is None:
            raise LaunchRefused("What the webhook was sent is no longer kept in this region.")
        return found

    async def read(self, lease: Lease) -> Stored:
        """What a lease names, if it belongs together here. Raises: PlaneError, StorageError."""
        services = self._services
        async with self._parts.database.reading() as connection:
            return Stored(
                await services.residency.find_versions(connection, lease),
                await services.variables.find_winners(connection, lease.workspace_id, lease.profile),
                await services.scrubbing.find_row(connection, lease.workspace_id),
            )

    async def _run_token(self, lease: Lease) -> str | None:
        """None when the control plane does not answer: the job may well not need it."""
        for _ in range(_TOKEN_TRIES):
            try:
                return (await self._parts.link.issue_run_token(lease.run_id, lease.fence)).token
            except Conflict as exc:
                raise LeaseLost(lease.run_id) from exc
            except Unavailable:
                await anyio.sleep(_TOKEN_WAIT_SECONDS)
        return None


def _deeds(lease: Lease, stored: Stored) -> list[Deed]:
    deeds = [
        Deed(Action.CONFIGURATION_OPENED, lease.configuration_id),
        Deed(Action.VARIABLES_RESOLVED, scope_of(lease.profile), {"names": sorted(stored.variables)}),
    ]
    if lease.webhook_call_id is not None:
        deeds.append(Deed(Action.WEBHOOK_BODY_GIVEN, lease.webhook_call_id))
    return [*deeds, Deed(Action.RUN_STARTED, lease.run_id)]


def _plan(lease: Lease, tree: Path, requirements: bytes, port: int | None) -> tuple[Launch, tuple[str, ...]]:
    check_lease(lease, tree)
    read = read_requirements(requirements)
    launch = plan_launch(lease, read, port)
    groups: list[str] = part(lease.definition, "require").get("dependency_groups") or []
    return launch, () if is_dashboard(lease) else tuple(left_out(tree, read, groups))
