"""What the control plane's open poll says about tokens: its keys, the epoch, and which tokens are refused from now on.

Kept in memory for every request and in the database for the next start, as long as any token may need it.
Contract: D.10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

import anyio

from planes.domain.clock import Clock
from planes.domain.errors import Conflict
from planes.storage.data import told
from planes.storage.database import Database
from planes.tokens.claims import Claims
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import PublicKey
from planes.wire.link import PollResponse, Revocation, RevokedClaim

KEPT_SECONDS = 2 * 3600.0
"""What was revoked before that is in no token any more: none lives as long here, and no cookie of an app."""
_KNOWN = frozenset(RevokedClaim)


class Revocations:
    """`keys` are the control plane's; `epoch` the last one heard of; `generation` rises when either changes."""

    def __init__(self, database: Database, dataplane_id: str, clock: Clock) -> None:
        self._database = database
        self._dataplane_id = dataplane_id
        self._clock = clock
        self._revoked: dict[tuple[str, str], int] = {}
        self._heard_at: dict[tuple[str, str], float] = {}
        """In the order of hearing; what an earlier life heard counts from the start of this one."""
        self._unknown_floor = 0
        self.keys: tuple[PublicKey, ...] = ()
        self.epoch = 0
        self.generation = 0
        self._news = anyio.Event()
        self._turn_to_write = anyio.Lock()

    def __len__(self) -> int:
        """How many revocations are known."""
        return len(self._revoked)

    async def wait_revoked(self, claims: Claims) -> None:
        """Returns when this token is refused: for what outlives the request that checked it."""
        while not self.is_revoked(claims):
            await self._news.wait()

    async def load(self) -> None:
        """Reads what the last start knew, and claims an empty database for this plane.

        Raises: Conflict when the database is another plane's.
        """
        async with self._database.transaction() as connection:
            row = await told.find_plane(connection)
            if row is None:
                await told.add_plane(connection, self._dataplane_id)
                return
            if row["dataplane_id"] != self._dataplane_id:
                raise Conflict(
                    "other_data_plane",
                    f"This database belongs to data plane {row['dataplane_id']}, not {self._dataplane_id}.",
                )
            rows = await told.list_revocations(connection)
        for row_of_claim in rows:
            self._keep(row_of_claim["claim"], row_of_claim["value"], row_of_claim["epoch"])
        self.keys = _parse_keys(row["control_keys"])
        self.epoch = row["epoch"]

    async def learn_keys(self, keys: Sequence[str]) -> None:
        """Replaces the control plane's keys. An empty or unreadable list changes nothing."""
        parsed = _parse_keys(keys)
        if not parsed or parsed == self.keys:
            return
        async with self._database.transaction() as connection:
            await told.save_keys(connection, [key.text for key in parsed])
        self.keys = parsed
        self.generation += 1

    async def apply(self, answer: PollResponse, asked_epoch: int = 0) -> None:
        """Takes over what a poll said that named `asked_epoch`; in force at once, before it is stored. May run twice.

        A control plane that knows less than the poll named comes from a backup, and gives the numbers since out again:
        what they meant before holds no more, or tokens of now would be refused as old ones. What a poll answers that
        began before another one told that, is late: its epoch says nothing of what is known now.
        """
        if answer.epoch < asked_epoch:
            await self._forget_above(answer.epoch, asked_epoch)
        for revocation in answer.revocations:
            self._raise_floor(revocation)
        await self.learn_keys(answer.keys)
        if not answer.revocations and answer.epoch == self.epoch:
            return
        async with self._turn_to_write:  # several polls at once hear the same
            old = self._too_old()
            epoch = max(self.epoch, answer.epoch) if asked_epoch <= self.epoch else self.epoch
            async with self._database.transaction() as connection:
                await told.forget_revocations(connection, list(old.values()))
                for revocation in answer.revocations:
                    await told.save_revocation(connection, revocation.claim, revocation.value, revocation.epoch)
                await told.save_epoch(connection, epoch)
            self._forget(old)
            self.epoch = epoch

    async def _forget_above(self, epoch: int, asked_epoch: int) -> None:
        async with self._turn_to_write:
            if asked_epoch > self.epoch:
                return
            above = {named: of_claim for named, of_claim in self._revoked.items() if of_claim > epoch}
            async with self._database.transaction() as connection:
                await told.forget_revocations(connection, list(above.values()))
                await told.save_epoch(connection, epoch)
            self._forget(above)
            self._unknown_floor = min(self._unknown_floor, epoch)
            self.epoch = epoch

    def is_revoked(self, claims: Claims) -> bool:
        """Whether one of the token's claims was revoked at a later epoch than the token's."""
        named = {
            RevokedClaim.SUBJECT: claims.subject,
            RevokedClaim.MEMBERSHIP: claims.membership_id,
            RevokedClaim.SESSION: claims.session_id,
            RevokedClaim.ORGANIZATION: claims.organization_id,
            RevokedClaim.WORKSPACE: claims.workspace_id,
            RevokedClaim.PUBLIC_LINK: claims.public_link,
        }
        return claims.epoch < self._unknown_floor or any(
            value is not None and claims.epoch < self._revoked.get((claim, value), 0) for claim, value in named.items()
        )

    def _raise_floor(self, revocation: Revocation) -> None:
        if self._revoked.get((revocation.claim, revocation.value), -1) < revocation.epoch:
            self._keep(revocation.claim, revocation.value, revocation.epoch)
            self.generation += 1
            news, self._news = self._news, anyio.Event()
            news.set()

    def _too_old(self) -> dict[tuple[str, str], int]:
        before = self._clock.monotonic() - KEPT_SECONDS
        named = takewhile(lambda named: self._heard_at[named] < before, self._heard_at)
        return {each: self._revoked[each] for each in named}

    def _forget(self, old: Mapping[tuple[str, str], int]) -> None:
        for named, epoch in old.items():
            if self._revoked.get(named) == epoch:  # it was not revoked anew meanwhile
                del self._revoked[named], self._heard_at[named]
        if old:
            self.generation += 1  # nothing that was remembered while they were known is taken for granted

    def _keep(self, claim: str, value: str, epoch: int) -> None:
        named = claim, value
        self._revoked[named] = epoch
        self._heard_at.pop(named, None)
        self._heard_at[named] = self._clock.monotonic()
        if claim not in _KNOWN:  # a newer control plane's: whose tokens it names is not known, so all from before end
            self._unknown_floor = max(self._unknown_floor, epoch)


def _parse_keys(keys: Sequence[str]) -> tuple[PublicKey, ...]:
    parsed: list[PublicKey] = []
    for text in keys:
        try:
            parsed.append(PublicKey.parse(text))
        except InvalidToken:
            continue  # a kind of key that a newer control plane may use; its tokens are refused here
    return tuple(parsed)
