"""Unpacked deployments: once per organization and archive, read-only, never shared by organizations (Security: 7)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from anyio import to_thread

from planes.data_plane.services.keyed_locks import KeyedLocks
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.uploads.listings import parse_listing
from planes.data_plane.services.uploads.tar_stream import Limits
from planes.data_plane.services.uploads.unpacking import tree_matches, unpack
from planes.domain.errors import InvalidRequest
from planes.domain.identifiers import new_id
from planes.manifest.errors import InvalidRequirements
from planes.manifest.requirements import parse_requirements
from planes.storage.errors import StorageError
from planes.storage.types import Row

_UNFINISHED = "."


class CodeTrees:
    """Where the code of deployments lies."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._locks = KeyedLocks[Path]()
        self._checked: set[Path] = set()

    async def tree_of(self, row: Row) -> Path:
        """The folder with a deployment's files, unpacked now if it is not there. Not to be written to.

        Raises: StorageError when the stored archive is not what was uploaded, StorageFull.
        """
        tree = tree_folder(self._parts, row["organization_id"], row["archive_sha256"])
        async with self._locks.holding(tree):
            # One that was checked may be gone: its versions were retired, and the same code came again.
            if tree not in self._checked or not await to_thread.run_sync(_is_used, tree):
                await self._make(row, tree)
                self._checked.add(tree)
                await to_thread.run_sync(os.utime, tree)
        return tree

    def is_unpacked(self, row: Row) -> bool:
        """Whether this process has found or made that folder: then nobody waits for it."""
        return tree_folder(self._parts, row["organization_id"], row["archive_sha256"]) in self._checked

    async def _make(self, row: Row, tree: Path) -> None:
        facts = await to_thread.run_sync(parse_listing, row["listing"])
        if await to_thread.run_sync(tree.is_dir):
            if await to_thread.run_sync(tree_matches, tree, facts):
                return
            await to_thread.run_sync(shutil.rmtree, tree)
        archive = self._parts.incoming_folder / new_id()
        try:
            await self._parts.blobs.fetch(archive_key(row["organization_id"], row["archive_sha256"]), archive)
            limits = Limits(unpacked_bytes=self._parts.unpacked_limit_bytes)
            await to_thread.run_sync(_unpack_checked, archive, tree, row["archive_sha256"], limits)
        finally:
            archive.unlink(missing_ok=True)


def tree_folder(parts: Parts, organization_id: str, archive_sha256: str) -> Path:
    """Where an archive lies unpacked."""
    return parts.organization_folder(organization_id) / "trees" / archive_sha256


def remove_unfinished(plane: Path) -> None:
    """Removes what a plane that was killed had half unpacked. Blocking; only while nothing is unpacked here."""
    for tree in plane.glob(f"orgs/*/trees/{_UNFINISHED}*"):
        shutil.rmtree(tree, ignore_errors=True)


def archive_key(organization_id: str, archive_sha256: str) -> str:
    """Where a code archive lies among the blobs."""
    return f"organizations/{organization_id}/deployments/{archive_sha256}"


def read_requirements(content: bytes) -> dict[str, Any]:
    """Reads and checks a `requirements.json`; migrated to the present engine (Contract: 3.3).

    Takes a thread's time on first use, which imports dlt.
    Raises: InvalidRequest.
    """
    try:
        json.loads(content.decode())
        return parse_requirements(content)
    except InvalidRequirements as exc:
        raise InvalidRequest("requirements_refused", f"requirements.json was refused: {exc.reason}.") from exc
    except (ValueError, RecursionError) as exc:
        raise InvalidRequest("requirements_refused", "requirements.json was refused: it is not JSON.") from exc


def _is_used(tree: Path) -> bool:
    """Whether the tree is there; when it was last used is what housekeeping goes by."""
    try:
        os.utime(tree)
    except FileNotFoundError:
        return False
    return tree.is_dir()


def _unpack_checked(archive: Path, tree: Path, sha256: str, limits: Limits) -> None:
    for folder in (tree.parent.parent, tree.parent):
        folder.mkdir(exist_ok=True, mode=0o700)
    with archive.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise StorageError("a stored archive is not what was uploaded")
        file.seek(0)
        fresh = tree.with_name(f"{_UNFINISHED}{tree.name}.{new_id()}")
        unpack(file, fresh, limits)
    try:
        fresh.rename(tree)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
