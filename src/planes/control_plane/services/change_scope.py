"""Whose changes a stream carries: those of workspaces that its caller may read, as long as they may."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import anyio

from planes.control_plane.services.access import authorize_workspace
from planes.control_plane.services.identity.principals import Principals
from planes.control_plane.services.parts import Parts
from planes.domain.access import Permission, Principal
from planes.domain.errors import NotAllowed, NotAuthenticated, NotFound
from planes.storage.control.connection import Connection

CHECK_SECONDS = 1.0


class ChangeScope:
    """What the caller of one stream may read. Answers are kept for a second and then asked for again."""

    def __init__(self, parts: Parts, principals: Principals, token: str, principal: Principal) -> None:
        self._parts = parts
        self._principals = principals
        self._token = token
        self._principal = principal
        self._known: dict[str, bool] = {}

    async def readable(self, workspace_ids: Iterable[str]) -> frozenset[str]:
        """Those of the workspaces whose runs and jobs the caller may see."""
        wanted = set(workspace_ids)
        # what is known may be replaced while the database answers
        known = dict(self._known)
        new = await self._may_read(wanted - known.keys())
        self._known |= new
        known |= new
        return frozenset(workspace_id for workspace_id in wanted if known[workspace_id])

    async def ended(self) -> None:
        """Returns when the credential is good no more, or no more for a workspace that it was good for."""
        while True:
            await anyio.sleep(CHECK_SECONDS)
            try:
                self._principal = await self._principals.authenticate(self._token)
            except NotAuthenticated:
                return
            before = [workspace_id for workspace_id, is_readable in self._known.items() if is_readable]
            self._known = await self._may_read(before)
            if not all(self._known.values()):
                return

    async def _may_read(self, workspace_ids: Collection[str]) -> dict[str, bool]:
        """One look for all of them: every stream takes one each second."""
        if not workspace_ids:
            return {}
        async with self._parts.database.reading() as connection:
            return {each: await self._may_read_one(connection, each) for each in workspace_ids}

    async def _may_read_one(self, connection: Connection, workspace_id: str) -> bool:
        try:
            await authorize_workspace(connection, self._principal, workspace_id, Permission.READ)
        except (NotAllowed, NotFound):
            return False
        return True
