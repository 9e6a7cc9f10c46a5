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
from planes.data_plane.services.uploads.listings import find_version, parse_listing
from planes.data_plane.services.uploads.tar_stream import Limits
from planes.data_plane.services.uploads.unpacking import Owner, copy_tree, tree_matches, unpack
from planes.domain.errors import InvalidRequest, NotFound
from planes.domain.identifiers import new_id
from planes.manifest.errors import InvalidRequirements
from planes.manifest.requirements import parse_requirements
from planes.storage.data import uploads
from planes.storage.errors import StorageError
from planes.storage.types import Row

_UNFINISHED = "."


class CodeTrees:
    """Where the code of deployments lies, and copies of it for runs."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._locks = KeyedLocks[Path]()
        self._checked: set[Path] = set()

    async def tree_of(self, organization_id: str, deployment_id: str) -> Path:
        """The folder with the deployment's files, unpacked now if it is not there. Not to be written to.

        Raises: NotFound, StorageError when the stored archive is not what was uploaded, StorageFull.
        """
        return await self.tree_of_row(await self._get(organization_id, deployment_id))

    async def tree_of_row(self, row: Row) -> Path:
        """The same for the row of a deployment. Raises: StorageError, StorageFull."""
        tree = tree_folder(self._parts, row["organization_id"], row["archive_sha256"])
        async with self._locks.holding(tree):
            # One that was checked may be gone: its versions were retired, and the same code came again.
            if tree not in self._checked or not await to_thread.run_sync(_is_used, tree):
                await self._make(row, tree)
                self._checked.add(tree)
                await to_thread.run_sync(os.utime, tree)
        return tree

    async def copy_into(self, tree: Path, work_folder: Path, uid: int | None, gid: int | None) -> None:
        """Copies a tree into the existing work folder of a run; the copies belong to `uid` and `gid` unless None.

        Raises: OSError.
        """
        owner = Owner(uid, gid) if uid is not None and gid is not None else None
        await to_thread.run_sync(copy_tree, tree, work_folder, owner)

    async def requirements_of(self, deployment_id: str) -> dict[str, Any]:
        """The deployment's requirements, migrated to the present engine (Contract: 3.3).

        Raises: NotFound, InvalidRequest.
        """
        row = await find_version(self._parts, uploads.DEPLOYMENTS, deployment_id)
        if row is None:
            raise NotFound("not_found", "There is no such deployment here.")
        return await to_thread.run_sync(read_requirements, row["requirements"])

    async def _get(self, organization_id: str, deployment_id: str) -> Row:
        row = await find_version(self._parts, uploads.DEPLOYMENTS, deployment_id)
        if row is None or row["organization_id"] != organization_id:
            raise NotFound("not_found", "There is no such deployment here.")
        return row

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
    """Reads and checks a `requirements.json`. Takes a thread's time on first use, which imports dlt.

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
