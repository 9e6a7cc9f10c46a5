"""Environments and builders' caches of workspaces: what no job has used for long, or what there is no room for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from anyio import to_thread

from planes.data_plane.executor import disposal
from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.upkeep.removals import KeptParts, Kind, Removal, left_over, left_over_if
from planes.domain.retention import Kept, Retention, Verdict, Why, decide_removals
from planes.storage.data import retention as stored

CACHES = ("uv-cache", "build-tmp")
_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Workspace:
    """What lies in a workspace's folder and what the database says of it."""

    root: Path
    is_busy: bool
    needed: frozenset[str]
    used: dict[str, datetime] = field(default_factory=dict[str, datetime])

    @property
    def environments(self) -> Path:
        return self.root / "environments"

    @property
    def id(self) -> str:
        return self.root.name

    @property
    def actor(self) -> Actor:
        return Actor.plane(self.root.parent.parent.name, self.id)


class OldEnvironments:
    """An environment stays while a run that goes on uses it, and while the newest code's jobs were run in it."""

    def __init__(self, parts: KeptParts, audit: Audit, retention: Retention) -> None:
        self._parts = parts
        self._audit = audit
        self._retention = retention
        self._sizes: dict[tuple[Path, datetime], int] = {}

    async def find(self, asked_before: datetime | None = None) -> list[Removal]:
        """What may go now: also what was last used before `asked_before`, if that is given."""
        roots = await to_thread.run_sync(lambda: sorted(self._parts.folder.glob("orgs/*/workspaces/*")))
        found: list[Removal] = []
        items: list[Kept] = []
        places: dict[str, tuple[_Workspace, Path]] = {}
        for root in roots:
            workspace = await self._look_up(root)
            found += await to_thread.run_sync(self._left_over, workspace)
            for kept, path in await to_thread.run_sync(self._items, workspace):
                items.append(kept)
                places[kept.name] = (workspace, path)
        self._sizes = {key: size for key, size in self._sizes.items() if key[0].exists()}
        limits = {"days": self._retention.environment_days, "size_bytes": self._retention.environment_bytes}
        for verdict in decide_removals(items, self._parts.clock.now(), asked_before=asked_before, **limits):
            found.append(self._removal(verdict, *places[verdict.item.name]))
        return found

    async def _look_up(self, root: Path) -> _Workspace:
        async with self._parts.database.reading() as connection:
            in_use = await stored.environments_in_use(connection, root.name)
            current = await stored.environments_of_current_code(connection, root.name)
            return _Workspace(
                root=root,
                is_busy=root.name in await stored.workspaces_with_open_runs(connection),
                needed=frozenset(in_use | current),
                used=await stored.environments_used(connection, root.name),
            )

    def _items(self, workspace: _Workspace) -> list[tuple[Kept, Path]]:
        listed: list[tuple[Kept, Path]] = []
        last = _NEVER
        for key in disposal.environments_in(workspace.environments):
            path = workspace.environments / key
            used_at = max(workspace.used.get(key, _NEVER), disposal.changed_at(path))
            last = max(last, used_at)
            listed.append((self._kept(workspace, path, used_at, is_needed=key in workspace.needed), path))
        for name in CACHES:
            path = workspace.root / name
            if path.is_dir():
                used_at = max(last, disposal.changed_at(path))
                listed.append((self._kept(workspace, path, used_at, is_needed=workspace.is_busy), path))
        return listed

    def _kept(self, workspace: _Workspace, path: Path, used_at: datetime, *, is_needed: bool) -> Kept:
        # A whole environment is read-only, and a cache grows by builds, which make environments.
        size_key = (path, used_at if path.name in CACHES else disposal.changed_at(path))
        if size_key not in self._sizes:
            self._sizes[size_key] = disposal.size_of(path)
        name = f"{workspace.id}/{path.name}"
        return Kept(name=name, used_at=used_at, size_bytes=self._sizes[size_key], is_needed=is_needed)

    def _left_over(self, workspace: _Workspace) -> list[Removal]:
        found = [
            left_over(workspace.root / name)
            for name in disposal.names_in(workspace.root)
            if name.endswith(disposal.GONE)
        ]
        for path in disposal.leftovers_in(workspace.environments, is_building=workspace.is_busy):
            if path.name.endswith(disposal.GONE):
                found.append(left_over(path))
            else:
                found.append(left_over_if(path, partial(self._set_aside, workspace, path, None)))
        return found

    def _removal(self, verdict: Verdict, workspace: _Workspace, path: Path) -> Removal:
        return Removal(
            kind=Kind.CACHE if path.name in CACHES else Kind.ENVIRONMENT,
            name=verdict.item.name,
            size_bytes=verdict.item.size_bytes,
            why=verdict.why,
            carry_out=partial(self._set_aside, workspace, path, verdict),
        )

    async def _set_aside(self, workspace: _Workspace, path: Path, verdict: Verdict | None) -> bool:
        if verdict is not None and path.name not in CACHES:
            why, size = verdict.why, verdict.item.size_bytes
            return await set_environment_aside(self._parts, self._audit, workspace.actor, path, why, size)
        async with self._parts.database.transaction() as connection:
            await lock_environments(self._parts, connection, workspace.id)
            if workspace.id in await stored.workspaces_with_open_runs(connection):
                return False
            if verdict is not None:
                facts = {"why": str(verdict.why), "size_bytes": verdict.item.size_bytes}
                await self._audit.append(connection, workspace.actor, Action.CACHE_REMOVED, path.name, **facts)
            aside = await to_thread.run_sync(disposal.set_aside, path)
        await to_thread.run_sync(disposal.remove, aside)
        return True


async def set_environment_aside(
    parts: KeptParts, audit: Audit, actor: Actor, path: Path, why: Why, size_bytes: int
) -> bool:
    """Removes it from the actor's workspace; False when a run uses it.

    A run says which environment it wants before it looks whether that is there (`lock_environments`).
    """
    async with parts.database.transaction() as connection:
        await lock_environments(parts, connection, actor.workspace_id)
        if path.name in await stored.environments_in_use(connection, actor.workspace_id):
            return False
        facts = {"why": str(why), "size_bytes": size_bytes}
        await audit.append(connection, actor, Action.ENVIRONMENT_REMOVED, path.name, **facts)
        aside = await to_thread.run_sync(disposal.set_aside, path)
        for suffix in (".json", ".lock"):
            await to_thread.run_sync(disposal.remove, path.with_name(path.name + suffix))
    await to_thread.run_sync(disposal.remove, aside)
    return True


async def lock_environments(parts: KeptParts, connection: object, workspace_id: str) -> None:
    """Lets one transaction at a time say which environments of a workspace are used."""
    await parts.database.lock(connection, f"environments {workspace_id}")  # pyright: ignore[reportArgumentType]
