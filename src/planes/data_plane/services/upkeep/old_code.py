"""Unpacked code that no run has used for long. Its archive stays: what is needed again is unpacked again."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from anyio import to_thread

from planes.data_plane.executor import disposal
from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.upkeep.removals import KeptParts, Kind, Removal, left_over
from planes.domain.retention import SETTLING, Kept, Retention, Verdict, Why, decide_removals
from planes.storage.data import retention as stored

_NO_WORKSPACE = "-"


class OldCode:
    """A tree stays while a run that goes on was made from it, and while it is some workspace's newest code."""

    def __init__(self, parts: KeptParts, audit: Audit, retention: Retention) -> None:
        self._parts = parts
        self._audit = audit
        self._retention = retention

    async def find(self) -> list[Removal]:
        """What may go now."""
        roots = await to_thread.run_sync(lambda: sorted(self._parts.folder.glob("orgs/*/trees")))
        found: list[Removal] = []
        for root in roots:
            organization_id = root.parent.name
            async with self._parts.database.reading() as connection:
                needed = await stored.archives_in_use(connection, organization_id)
                known = await stored.known_archives(connection, organization_id)
            found += await to_thread.run_sync(self._find_in, root, needed, known)
        return found

    def _find_in(self, root: Path, needed: set[str], known: set[str]) -> list[Removal]:
        now = self._parts.clock.now()
        found: list[Removal] = []
        items: list[Kept] = []
        for name in disposal.names_in(root):
            path, used_at = root / name, disposal.changed_at(root / name)
            if name.startswith("."):
                # Being unpacked, or left by one that was killed while it unpacked or removed.
                if name.endswith(disposal.GONE) or used_at < now - SETTLING:
                    found.append(left_over(path))
            else:
                size = disposal.size_of(path)
                items.append(Kept(name=name, used_at=used_at, size_bytes=size, is_needed=name in needed))
        unknown = [item for item in items if item.name not in known and not item.is_needed]
        verdicts = [Verdict(item, Why.LEFT_OVER) for item in unknown]
        others = [item for item in items if item.name in known]
        verdicts += decide_removals(others, now, days=self._retention.code_days, size_bytes=0)
        return found + [
            Removal(
                kind=Kind.CODE,
                name=verdict.item.name,
                size_bytes=verdict.item.size_bytes,
                why=verdict.why,
                carry_out=partial(self._set_aside, root / verdict.item.name, verdict),
            )
            for verdict in verdicts
        ]

    async def _set_aside(self, tree: Path, verdict: Verdict) -> bool:
        """A run is written down before its code is looked for, and what is not there is unpacked again."""
        organization_id = tree.parent.parent.name
        actor = Actor.plane(organization_id, _NO_WORKSPACE)
        async with self._parts.database.transaction() as connection:
            if tree.name in await stored.archives_in_use(connection, organization_id):
                return False
            facts = {"why": str(verdict.why), "size_bytes": verdict.item.size_bytes}
            await self._audit.append(connection, actor, Action.CODE_REMOVED, tree.name, **facts)
            aside = await to_thread.run_sync(partial(disposal.set_aside, tree, hidden=True))
        await to_thread.run_sync(disposal.remove, aside)
        return True
