"""Asking for stored logs to be scrubbed again: when a secret variable is set, or because somebody wants it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import anyio

from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.domain.identifiers import new_id
from planes.storage.data import rescrubs
from planes.storage.types import Row

VARIABLE_SET = "variable_set"
ASKED = "asked"


class RescrubRequests:
    """Writes requests down; `news` is set when there may be something to do."""

    def __init__(self, parts: Parts, audit: Audit) -> None:
        self._parts = parts
        self._audit = audit
        self.news = anyio.Event()

    def wake(self) -> None:
        """A request was committed, or a run has ended."""
        self.news.set()

    async def add(self, connection: Any, actor: Actor, reason: str, variables: Sequence[Row]) -> str:
        """A rescrub of all runs that the workspace has, in the caller's transaction; answers its id.

        `variables` are rows with what the vault sealed: that, and no value, is kept until the rescrub is over.
        """
        rescrub_id = new_id()
        row: dict[str, Any] = {
            "id": rescrub_id,
            "organization_id": actor.organization_id,
            "workspace_id": actor.workspace_id,
            "reason": reason,
            "variables": [{name: each[name] for name in ("scope", "name", "version")} for each in variables],
            "sealed": [
                {"value": base64.b64encode(each["sealed"]).decode(), "set_at": each["updated_at"].isoformat()}
                for each in variables
            ],
            "state": rescrubs.PENDING,
            "created_at": self._parts.clock.now(),
            "created_by": (actor.membership_id or actor.subject)[:36],
        }
        await rescrubs.add(connection, row)
        names = [f"{each['scope']}:{each['name']}" for each in variables]
        await self._audit.append(connection, actor, Action.RESCRUB_ASKED, rescrub_id, reason=reason, names=names)
        return rescrub_id

    async def add_if_useful(self, connection: Any, actor: Actor, variables: Sequence[Row]) -> str | None:
        """The same for variables that were just set, unless there is no log yet."""
        if not variables or not await rescrubs.has_runs(connection, actor.workspace_id):
            return None
        return await self.add(connection, actor, VARIABLE_SET, variables)
