"""The environments of one workspace, for who may see it: what is in them, what uses them; and one removed by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from anyio import to_thread

from planes.data_plane.executor import disposal
from planes.data_plane.executor.layout import opened_below, read_plain
from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.upkeep.old_environments import set_environment_aside
from planes.data_plane.services.upkeep.stillness import may_remove
from planes.domain.errors import Conflict, NotFound
from planes.domain.retention import Retention, Why
from planes.storage.data import retention as stored
from planes.wire.own_environments import Environment, EnvironmentJob, EnvironmentRun, EnvironmentsResponse

_FOLDER = "environments"
_MOST_BYTES = 1024 * 1024
_MOST_REQUIREMENTS = 1_000


class Environments:
    """Everything is looked up when it is asked for."""

    def __init__(self, parts: Parts, audit: Audit, retention: Retention) -> None:
        self._parts = parts
        self._audit = audit
        self._retention = retention

    async def list_all(self, actor: Actor) -> EnvironmentsResponse:
        """Those of the actor's workspace."""
        async with self._parts.database.reading() as connection:
            current = await stored.environments_of_current_code(connection, actor.workspace_id)
            uses = await stored.environment_uses(connection, actor.workspace_id)
            open_runs = await stored.open_runs_in_environments(connection, actor.workspace_id)
        items: list[Environment] = []
        for found in await to_thread.run_sync(self._look, actor):
            key = found["key"]
            jobs = [
                EnvironmentJob(job_ref=use["job_ref"], runs=use["runs"], last_number=use["number"], last_at=use["at"])
                for use in uses
                if use["environment"] == key
            ]
            items.append(
                Environment(
                    **found,
                    used_at=max([found["built_at"], *(job.last_at for job in jobs)]),
                    is_current=key in current,
                    in_use_by=[
                        EnvironmentRun(run_id=run["id"], job_ref=run["job_ref"], number=run["number"])
                        for run in open_runs
                        if run["environment"] == key
                    ],
                    jobs=jobs,
                )
            )
        items.sort(key=lambda item: item.used_at, reverse=True)
        await self._audit.note(actor, Action.ENVIRONMENTS_READ)
        return EnvironmentsResponse(items=items, keep_days=self._retention.environment_days)

    async def remove(self, actor: Actor, key: str) -> None:
        """What needs it again builds it anew. Raises: NotFound; Conflict while a run uses it, or a backup is made."""
        place = self._root(actor) / _FOLDER / key
        if key not in await to_thread.run_sync(disposal.environments_in, place.parent):
            raise NotFound("environment_not_found", "This workspace has no such environment here.")
        with may_remove(self._parts.folder) as may:
            if not may:
                raise Conflict("backup_is_made", "A backup of this region is being made. Try again when it is done.")
            size = await to_thread.run_sync(disposal.size_of, place)
            if not await set_environment_aside(self._parts, self._audit, actor, place, Why.ASKED, size):
                raise Conflict("environment_in_use", "A run uses this environment. Nothing was removed.")

    def _root(self, actor: Actor) -> Path:
        return self._parts.workspace_folder(actor.organization_id, actor.workspace_id)

    def _look(self, actor: Actor) -> list[dict[str, Any]]:
        """What lies there. Blocking."""
        root = self._root(actor)
        return [
            {
                "key": key,
                "size_bytes": disposal.size_of(root / _FOLDER / key),
                "built_at": disposal.changed_at(root / _FOLDER / key),
                **_asked_for(root, key),
            }
            for key in disposal.environments_in(root / _FOLDER)
        ]


def _asked_for(root: Path, key: str) -> dict[str, Any]:
    """Builders run as the workspace's user, who may have put anything there, also a link."""
    with opened_below(root, (_FOLDER,)) as folder:
        content = None if folder is None else read_plain(folder, f"{key}.json", _MOST_BYTES)
    try:
        raw: object = json.loads(content or b"")
    except (ValueError, RecursionError):
        raw = None
    found = cast("dict[str, object]", raw) if isinstance(raw, dict) else {}
    version, required = found.get("python_version"), found.get("requirements")
    lines = cast("list[object]", required)[:_MOST_REQUIREMENTS] if isinstance(required, list) else []
    return {
        "python_version": version[:32] if isinstance(version, str) else None,
        "requirements": [line[:512] for line in lines if isinstance(line, str)],
    }
