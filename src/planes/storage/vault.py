"""Encryption of a region's secrets: one data key per organization, wrapped by the plane's master key.

AES-256-GCM with a random 96-bit nonce in front. The associated data says whose and what the text is, so a ciphertext
that is moved to another place does not open (Security: 8).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from anyio import to_thread
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.domain.clock import Clock
from planes.storage.data import data_keys
from planes.storage.database import Database
from planes.storage.errors import AlreadyThere, StorageError
from planes.storage.master_keys import (
    KEY_BYTES,
    CannotOpen,
    GivenMasterKey,
    MasterKey,
    MasterKeyFile,
    MasterKeys,
    open_with,
    seal_with,
)

_FINGERPRINT_BYTES = 16
_LOCK = "master key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a ciphertext belongs to: it opens nowhere else. `version` counts the values of one name."""

    organization_id: str
    workspace_id: str
    scope: str
    name: str
    version: int

    def associated_data(self) -> bytes:
        """The parts, each with its length, so that no two places read the same."""
        parts = (self.organization_id, self.workspace_id, self.scope, self.name, str(self.version))
        return b"|".join(f"{len(part.encode())}:{part}".encode() for part in parts)


class Vault:
    """Seals and opens values of organizations. Data keys are made on first use and kept in memory unwrapped."""

    def __init__(self, database: Database, master_keys: MasterKeys | MasterKey, clock: Clock) -> None:
        self._database = database
        self._master_keys = GivenMasterKey(master_keys) if isinstance(master_keys, MasterKey) else master_keys
        self._clock = clock
        self._ciphers: dict[str, AESGCM] = {}
        self._fingerprint_keys: dict[str, bytes] = {}

    def master_key_written_at(self) -> datetime | None:
        """How old the key is under which all others lie; None of one that is given each time. Blocking."""
        return self._master_keys.written_at()

    async def prepare(self, organization_id: str) -> None:
        """Makes the organization's key ready, so that `seal` and `open` need no database. May run twice."""
        await self._cipher(organization_id)

    async def seal(self, place: Place, plaintext: bytes) -> bytes:
        """Nonce, ciphertext and tag."""
        return seal_with(await self._cipher(place.organization_id), plaintext, place.associated_data())

    async def open(self, place: Place, sealed: bytes) -> bytes:
        """Raises: CannotOpen when it was not sealed for exactly this place."""
        return open_with(await self._cipher(place.organization_id), sealed, place.associated_data())

    async def fingerprint(self, organization_id: str, value: bytes) -> str:
        """32 hexadecimal digits, the same for the same value of an organization: to see whether two are equal.

        Keyed with the organization's data key, so that nobody without it can try values.
        """
        key = self._fingerprint_keys.get(organization_id)
        if key is None:
            key = hmac.digest(await self._data_key(organization_id), b"fingerprints of values", "sha256")
            self._fingerprint_keys[organization_id] = key
        return hmac.digest(key, value, "sha256")[:_FINGERPRINT_BYTES].hex()

    async def rewrap_all(self, old: MasterKey) -> int:
        """After the master key changed: wraps every data key with the new one. Answers how many. May run twice.

        Raises: CannotOpen.
        """
        async with self._database.transaction() as connection:
            await self._database.lock(connection, _LOCK)
            return await _rewrap(connection, old, self._master_keys.present())

    async def _cipher(self, organization_id: str) -> AESGCM:
        if organization_id not in self._ciphers:
            self._ciphers[organization_id] = AESGCM(await self._data_key(organization_id))
        return self._ciphers[organization_id]

    async def _data_key(self, organization_id: str) -> bytes:
        async with self._database.reading() as connection:
            row = await data_keys.find(connection, organization_id)
        if row is None:
            await self._make_data_key(organization_id)
            async with self._database.reading() as connection:
                row = await data_keys.find(connection, organization_id)
        assert row is not None
        master_key = await to_thread.run_sync(self._master_keys.find, row["master_key_id"])
        if master_key is None:
            raise CannotOpen("the organization's data key was wrapped with another master key")
        return master_key.unwrap(row["wrapped"], organization_id)

    async def _make_data_key(self, organization_id: str) -> None:
        try:
            async with self._database.transaction() as connection:
                # So that no key is wrapped with a master key that is replaced meanwhile.
                await self._database.lock(connection, _LOCK)
                master_key = await to_thread.run_sync(self._master_keys.present)
                row = {
                    "organization_id": organization_id,
                    "wrapped": master_key.wrap(secrets.token_bytes(KEY_BYTES), organization_id),
                    "master_key_id": master_key.id,
                    "created_at": self._clock.now(),
                }
                await data_keys.add(connection, row)
        except AlreadyThere:
            return  # somebody else was first: theirs is read


async def rotate_master_key(database: Database, keys: MasterKeyFile) -> int:
    """Makes a new master key and wraps every data key with it, also while the plane runs; answers how many.

    Values stay as they are sealed. May run twice: what an earlier try left is finished.

    Raises: StorageError.
    """
    async with database.transaction() as connection:
        await database.lock(connection, _LOCK)
        old = await to_thread.run_sync(MasterKey.load_or_create, keys.path)
        new = await to_thread.run_sync(keys.begin)
        count = await _rewrap(connection, old, new)
    await to_thread.run_sync(keys.finish)
    return count


async def count_unopened(database_url: str, known: Collection[str]) -> int:
    """How many stored data keys are wrapped with none of these master keys. Changes nothing.

    Where there is no database yet it is none, and of one that cannot be read whoever opens it says what is wrong.
    """
    try:
        database = Database.attach(database_url)
        try:
            async with database.reading() as connection:
                rows = await data_keys.list_all(connection)
        finally:
            await database.close()
    except (StorageError, SQLAlchemyError, ImportError, ValueError, TypeError):
        return 0
    return sum(row["master_key_id"] not in known for row in rows)


async def finish_rotation(database: Database, keys: MasterKeyFile) -> None:
    """Goes on with a rotation that was killed half-way. May run twice."""
    if keys.next_path.exists():
        await rotate_master_key(database, keys)


async def _rewrap(connection: AsyncConnection, old: MasterKey, new: MasterKey) -> int:
    rows = [row for row in await data_keys.list_all(connection) if row["master_key_id"] == old.id != new.id]
    for row in rows:
        key = old.unwrap(row["wrapped"], row["organization_id"])
        await data_keys.rewrap(connection, row["organization_id"], new.wrap(key, row["organization_id"]), new.id)
    return len(rows)
