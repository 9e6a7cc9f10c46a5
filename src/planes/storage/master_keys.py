"""Master keys: what wraps the data keys of a region, one from the environment or the one in the plane's folder.

    master.key ──rotate──► master.key.new ──all data keys wrapped anew──► takes the place of master.key

A key is never lost half-way: whoever finds `master.key.new` goes on with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from planes.private_files import create_private, sync_folder
from planes.storage.errors import StorageError

KEY_BYTES = 32
_NONCE_BYTES = 12


class CannotOpen(StorageError):
    """A ciphertext that was changed or moved, or a key that is not the one it was made with."""


class MasterKey:
    """The 32 bytes that wrap every data key."""

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
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
            create_private(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        if path.stat().st_mode & 0o077:
            raise StorageError(f"{path.name} may be read by others: make it 0600")
        return MasterKey.parse(path.read_text())

    def wrap(self, key: bytes, organization_id: str) -> bytes:
        """Encrypts a data key for one organization."""
        return seal_with(self._cipher, key, f"data key|{organization_id}".encode())

    def unwrap(self, wrapped: bytes, organization_id: str) -> bytes:
        """Raises: CannotOpen."""
        return open_with(self._cipher, wrapped, f"data key|{organization_id}".encode())

    def __repr__(self) -> str:
        return f"MasterKey({self.id})"


class MasterKeys(Protocol):
    """Where a vault finds the key that a data key was wrapped with."""

    def present(self) -> MasterKey:
        """What new data keys are wrapped with."""
        ...

    def find(self, key_id: str) -> MasterKey | None:
        """The key of this id, if it is still there."""
        ...

    def written_at(self) -> datetime | None:
        """When the present key was written down; None of one that is given each time."""
        ...


class GivenMasterKey:
    """One key, from the environment."""

    def __init__(self, key: MasterKey) -> None:
        self._key = key

    def present(self) -> MasterKey:
        """The key."""
        return self._key

    def find(self, key_id: str) -> MasterKey | None:
        """The key, if it is this one."""
        return self._key if self._key.id == key_id else None

    def written_at(self) -> datetime | None:
        """Nobody knows here how old it is."""
        return None


class MasterKeyFile:
    """The key in a folder; looked at again when a data key was wrapped with another one, as after a rotation."""

    def __init__(self, path: Path) -> None:
        """Raises: StorageError when the file is no key, or others may read it."""
        self.path = path
        self._known = {key.id: key for key in (MasterKey.load_or_create(path),)}

    @property
    def next_path(self) -> Path:
        """Where the next key lies while data keys are wrapped with it."""
        return self.path.with_name(f"{self.path.name}.new")

    def present(self) -> MasterKey:
        """The key that is coming, or the one that is there. Raises: StorageError."""
        key = _load(self.next_path) or MasterKey.load_or_create(self.path)
        self._known[key.id] = key
        return key

    def find(self, key_id: str) -> MasterKey | None:
        """Raises: StorageError."""
        if key_id not in self._known:
            for path in (self.next_path, self.path):
                key = _load(path)
                if key is not None:
                    self._known[key.id] = key
        return self._known.get(key_id)

    @staticmethod
    def list_there(path: Path) -> list[MasterKey]:
        """The key that is there and the one that is coming; makes none. Raises: StorageError."""
        next_path = path.with_name(f"{path.name}.new")
        return [key for key in (_load(path), _load(next_path)) if key is not None]

    def written_at(self) -> datetime | None:
        """As its file says, which a rotation writes anew."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    def begin(self) -> MasterKey:
        """Makes the next key, or finds the one that an earlier try made."""
        return MasterKey.load_or_create(self.next_path)

    def finish(self) -> None:
        """The next key takes the place of the one before. May run twice."""
        if self.next_path.exists():
            self.next_path.replace(self.path)
            sync_folder(self.path.parent)


def _load(path: Path) -> MasterKey | None:
    return MasterKey.load_or_create(path) if path.exists() else None


def seal_with(cipher: AESGCM, plaintext: bytes, associated_data: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plaintext, associated_data)


def open_with(cipher: AESGCM, sealed: bytes, associated_data: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], associated_data)
    except (InvalidTag, ValueError) as exc:
        raise CannotOpen("the ciphertext does not belong here") from exc
