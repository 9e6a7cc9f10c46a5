"""Encryption of a region's secrets: one data key per organization, wrapped by the plane's master key.

AES-256-GCM with a random 96-bit nonce in front. The associated data says whose and what the text is, so a ciphertext
that is moved to another place does not open (Security: 8).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from planes.domain.clock import Clock
from planes.storage.data import data_keys
from planes.storage.database import Database
from planes.storage.errors import AlreadyThere, StorageError

_NONCE_BYTES = 12
_KEY_BYTES = 32
_FINGERPRINT_BYTES = 16


class CannotOpen(StorageError):
    """A ciphertext that was changed or moved, or a key that is not the one it was made with."""


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


class MasterKey:
    """The 32 bytes that wrap every data key."""

    def __init__(self, raw: bytes) -> None:
        if len(raw) != _KEY_BYTES:
            raise StorageError("a master key has 32 bytes")
        self._cipher = AESGCM(raw)
        self.id = hashlib.sha256(b"master key id\n" + raw).hexdigest()[:16]

    @staticmethod
    def parse(text: str) -> MasterKey:
        """From base64. Raises: StorageError."""
        try:
            return MasterKey(base64.b64decode(text.strip(), altchars=b"-_" if set(text) & set("-_") else None))
        except (binascii.Error, ValueError) as exc:
            raise StorageError("the master key is not 32 bytes in base64") from exc

    @staticmethod
    def load_or_create(path: Path) -> MasterKey:
        """Reads the key file (0600), or writes a new one. May run twice.

        Raises: StorageError when the file is no key, or others may read it.
        """
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_new(path, base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
        if path.stat().st_mode & 0o077:
            raise StorageError(f"{path.name} may be read by others: make it 0600")
        return MasterKey.parse(path.read_text())

    def wrap(self, key: bytes, organization_id: str) -> bytes:
        """Encrypts a data key for one organization."""
        return _seal(self._cipher, key, f"data key|{organization_id}".encode())

    def unwrap(self, wrapped: bytes, organization_id: str) -> bytes:
        """Raises: CannotOpen."""
        return _open(self._cipher, wrapped, f"data key|{organization_id}".encode())

    def __repr__(self) -> str:
        return f"MasterKey({self.id})"


class Vault:
    """Seals and opens values of organizations. Data keys are made on first use and kept in memory unwrapped."""

    def __init__(self, database: Database, master_key: MasterKey, clock: Clock) -> None:
        self._database = database
        self._master_key = master_key
        self._clock = clock
        self._ciphers: dict[str, AESGCM] = {}
        self._fingerprint_keys: dict[str, bytes] = {}

    async def prepare(self, organization_id: str) -> None:
        """Makes the organization's key ready, so that `seal` and `open` need no database. May run twice."""
        await self._cipher(organization_id)

    async def seal(self, place: Place, plaintext: bytes) -> bytes:
        """Nonce, ciphertext and tag."""
        return _seal(await self._cipher(place.organization_id), plaintext, place.associated_data())

    async def open(self, place: Place, sealed: bytes) -> bytes:
        """Raises: CannotOpen when it was not sealed for exactly this place."""
        return _open(await self._cipher(place.organization_id), sealed, place.associated_data())

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
            rows = [row for row in await data_keys.list_all(connection) if row["master_key_id"] == old.id]
            for row in rows:
                key = old.unwrap(row["wrapped"], row["organization_id"])
                wrapped = self._master_key.wrap(key, row["organization_id"])
                await data_keys.rewrap(connection, row["organization_id"], wrapped, self._master_key.id)
        return len(rows)

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
        if row["master_key_id"] != self._master_key.id:
            raise CannotOpen("the organization's data key was wrapped with another master key")
        return self._master_key.unwrap(row["wrapped"], organization_id)

    async def _make_data_key(self, organization_id: str) -> None:
        row = {
            "organization_id": organization_id,
            "wrapped": self._master_key.wrap(secrets.token_bytes(_KEY_BYTES), organization_id),
            "master_key_id": self._master_key.id,
            "created_at": self._clock.now(),
        }
        try:
            async with self._database.transaction() as connection:
                await data_keys.add(connection, row)
        except AlreadyThere:
            return  # somebody else was first: theirs is read


def _write_new(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)  # never replaces a key: what was sealed with it would be lost
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def _seal(cipher: AESGCM, plaintext: bytes, associated_data: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plaintext, associated_data)


def _open(cipher: AESGCM, sealed: bytes, associated_data: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], associated_data)
    except (InvalidTag, ValueError) as exc:
        raise CannotOpen("the ciphertext does not belong here") from exc
