"""The key by which a region is known, in its folder, and how it came in the place of those before (Security: 3).

    identity.key.new ──► identity-changes.json says so, signed by identity.key ──► takes the place of identity.key

Wherever this is cut off, the plane has its old key or its new one. A change to a key that is not there yet is not said.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from planes.domain.errors import Conflict
from planes.private_files import sync_folder, write_private
from planes.tokens.attestation import sign_statement
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import SigningKey
from planes.wire.key_changes import MOST_CHANGES, KeyChange, KeyChanges, StatedChange, change_bytes

KEY_FILE = "identity.key"
CHANGES_FILE = "identity-changes.json"
_CHANGES = TypeAdapter[list[KeyChange]](KeyChanges)


class IdentityKeys:
    """The files of one region."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key_file = folder / KEY_FILE
        self._next_file = folder / f"{KEY_FILE}.new"
        self._changes_file = folder / CHANGES_FILE

    def load_or_create(self) -> tuple[SigningKey, list[KeyChange]]:
        """The present key, and the changes that led to it. Raises: InvalidToken when a file is not what it is to be."""
        key = SigningKey.load_or_create(self._key_file)
        changes = self._read_changes()
        last = max((place for place, change in enumerate(changes, 1) if change.new_key == key.public.text), default=0)
        return key, changes[:last]

    def rotate(self, dataplane_id: str, now: datetime) -> SigningKey:
        """Another key, which the next start of the region works with. What an earlier try left is gone on with.

        Raises: Conflict (`rotates_now`), InvalidToken, OSError.
        """
        with self._alone():
            key, changes = self.load_or_create()
            new = SigningKey.load_or_create(self._next_file)
            stated = StatedChange(
                dataplane_id=dataplane_id,
                old_key=key.public.text,
                new_key=new.public.text,
                at=now.replace(microsecond=0),
            )
            change = KeyChange(**stated.model_dump(), signature=sign_statement(key, change_bytes(stated)))
            write_private(self._changes_file, _CHANGES.dump_json([*changes, change][-MOST_CHANGES:]))
            sync_folder(self._folder)
            self._next_file.replace(self._key_file)
            sync_folder(self._folder)
        return new

    @contextmanager
    def _alone(self) -> Generator[None]:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as exc:
            raise Conflict("rotates_now", "Another command gives the region another key at this moment.") from exc
        finally:
            os.close(descriptor)

    def _read_changes(self) -> list[KeyChange]:
        try:
            return _CHANGES.validate_json(self._changes_file.read_bytes())
        except FileNotFoundError:
            return []
        except ValidationError as exc:
            raise InvalidToken(f"{CHANGES_FILE} is no list of key changes") from exc
