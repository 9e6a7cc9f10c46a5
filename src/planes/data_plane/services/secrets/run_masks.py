"""What is masked in all that a run reports, compiled once: hundreds of values take a second, a report next to none."""

from __future__ import annotations

from collections import OrderedDict

from anyio import Lock, to_thread

from planes.data_plane.services.secrets.run_secrets import parse_pairs, registered_place
from planes.scrub import Registered
from planes.storage.types import Row
from planes.storage.vault import Vault

_MOST_KEPT = 4
"""Runs: those that reported last. What their values compile to may be large."""


class RunMasks:
    """The registered values of runs, ready to mask."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._kept: OrderedDict[bytes, Registered] = OrderedDict()
        self._compiling = Lock()

    async def of(self, run: Row) -> Registered:
        """Those of this run as its row has them sealed: once they are others, they are compiled again."""
        sealed: bytes | None = run["registered"]
        if sealed is None:
            return Registered.empty()
        if sealed not in self._kept:
            await self._compile(run, sealed)
        found = self._kept[sealed]
        self._kept.move_to_end(sealed)
        return found

    async def _compile(self, run: Row, sealed: bytes) -> None:
        async with self._compiling:
            if sealed in self._kept:  # by a report that came together with this one
                return
            where = registered_place(run["organization_id"], run["workspace_id"], run["id"])
            pairs = parse_pairs(await self._vault.open(where, sealed))
            self._kept[sealed] = await to_thread.run_sync(Registered.from_values, pairs)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
