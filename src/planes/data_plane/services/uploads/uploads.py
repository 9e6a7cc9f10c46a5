"""Takes a received upload from bytes to a version that both planes know (Contract: 3.2, Borders: 1).

    verified → row and blob written, invisible → written back to the control plane → visible

When the write-back is refused or cannot be sent, row and blob are removed and the client asks for a new upload. When it
was sent and never answered, the control plane may have the version: row and blob stay, invisible, until a lease that
names them proves that it has (`Residency.check_lease`), or until it is asked (`Leftovers`).
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

from planes.data_plane.link import Unanswered
from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.keyed_locks import KeyedLocks
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.reporting.reports import build_configuration, build_deployment
from planes.data_plane.services.secrets.variables import author_of
from planes.data_plane.services.upkeep.stillness import may_remove
from planes.data_plane.services.uploads import code_trees, configurations
from planes.data_plane.services.uploads.archives import Contents, verify_archive
from planes.data_plane.services.uploads.configurations import check_secrets, profiles_in, read_configuration
from planes.data_plane.services.uploads.listings import render_listing
from planes.data_plane.services.uploads.spools import FileSpool
from planes.data_plane.services.uploads.tar_stream import Limits
from planes.domain.errors import Conflict, InvalidRequest, TooLarge, Unavailable
from planes.storage.data import uploads
from planes.storage.types import Row
from planes.wire.deployments import ConfigurationResponse, DeploymentResponse

MAXIMUM_REQUIREMENTS_BYTES = 1024 * 1024
_ATTEMPTS = 3
_WAIT_SECONDS = 0.5
_ACTIONS = {
    uploads.DEPLOYMENTS: Action.DEPLOYMENT_UPLOADED,
    uploads.CONFIGURATIONS: Action.CONFIGURATION_UPLOADED,
}
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """What is about to be stored: `key` and `content` of the blob, and the row."""

    kind: str
    row: Row = field(repr=False)
    key: str
    content: bytes | Path = field(repr=False)


class Uploads:
    """Stores versions. At most two archives are verified at a time."""

    def __init__(self, parts: Parts, audit: Audit) -> None:
        self._parts = parts
        self._audit = audit
        self._verifying = CapacityLimiter(2)
        self._locks = KeyedLocks[str]()

    async def store_deployment(
        self, actor: Actor, deployment_id: str, spool: FileSpool, requirements: bytes, check: Callable[[], None]
    ) -> DeploymentResponse:
        """Verifies and stores a deployment; answers with the version that the control plane gave it.

        `check` raises when the uploader may no longer upload; it is asked last, before the control plane hears of it.
        Raises: InvalidRequest, TooLarge, Conflict, Unavailable, StorageFull, what `check` raises.
        """
        sha256 = spool.finish()
        async with self._refusals_written(actor, uploads.DEPLOYMENTS, deployment_id):
            await to_thread.run_sync(code_trees.read_requirements, requirements, limiter=self._verifying)
            contents = await to_thread.run_sync(self._verify_file, spool.path, limiter=self._verifying)
        row = self._row(actor, deployment_id, contents)
        row |= {"archive_sha256": sha256, "requirements": requirements}
        key = _key_of(uploads.DEPLOYMENTS, row)
        report = build_deployment(row)
        version = _Version(kind=uploads.DEPLOYMENTS, row=row, key=key, content=spool.path)
        answer = await self._store(
            actor, version, check, lambda: self._parts.link.report_deployment(deployment_id, report)
        )
        await self._retire(actor, answer.retired)
        return DeploymentResponse(**answer.model_dump(exclude={"retired"}))

    async def store_configuration(
        self, actor: Actor, configuration_id: str, archive: bytes, check: Callable[[], None]
    ) -> ConfigurationResponse:
        """Verifies, seals and stores a configuration; answers with the version that the control plane gave it.

        Raises: InvalidRequest, TooLarge, Conflict, Unavailable, StorageFull, what `check` raises.
        """
        async with self._refusals_written(actor, uploads.CONFIGURATIONS, configuration_id):
            contents, files = await to_thread.run_sync(read_configuration, archive, limiter=self._verifying)
            await to_thread.run_sync(check_secrets, files, limiter=self._verifying)
        row = self._row(actor, configuration_id, contents)
        row |= {"profiles": profiles_in(files)}
        place = configurations.archive_place(actor.organization_id, actor.workspace_id, configuration_id)
        sealed = await self._parts.vault.seal(place, archive)
        key = _key_of(uploads.CONFIGURATIONS, row)
        report = build_configuration(row)
        version = _Version(kind=uploads.CONFIGURATIONS, row=row, key=key, content=sealed)
        return await self._store(
            actor, version, check, lambda: self._parts.link.report_configuration(configuration_id, report)
        )

    @asynccontextmanager
    async def _refusals_written(self, actor: Actor, kind: str, upload_id: str) -> AsyncGenerator[None]:
        """Writes down who sent what is refused for what is in it, and the class of the reason; no names, no content."""
        try:
            yield
        except (InvalidRequest, TooLarge) as exc:
            await self._audit.note(actor, Action.UPLOAD_REFUSED, upload_id, kind=kind, reason=exc.code)
            raise

    async def _store(
        self, actor: Actor, version: _Version, check: Callable[[], None], report: Callable[[], Awaitable[_Answer]]
    ) -> _Answer:
        is_sent = False
        try:
            await self._write(actor, version)
            check()
            is_sent = True
            answer = await _insist(report)
        except BaseException as exc:
            is_unknown = is_sent and isinstance(exc, (Unanswered, anyio.get_cancelled_exc_class()))
            if not is_unknown and not isinstance(exc, _IdTaken):
                with anyio.CancelScope(shield=True):
                    await self.withdraw(version.kind, version.row)
            raise
        async with self._parts.database.transaction() as connection:
            await uploads.mark_stored(connection, version.kind, version.row["id"], self._parts.clock.now())
        return answer

    async def _write(self, actor: Actor, version: _Version) -> None:
        row = version.row
        details = {"size_bytes": row["size_bytes"], "content_hash": row["content_hash"]}
        async with self._locks.holding(version.key):
            async with self._parts.database.transaction() as connection:
                if await uploads.find(connection, version.kind, row["id"]) is not None:
                    raise _IdTaken("already_uploaded", "This upload exists already. Ask for a new one.")
                await uploads.add(connection, version.kind, row)
                await self._audit.append(connection, actor, _ACTIONS[version.kind], row["id"], **details)
            await self._parts.blobs.put(version.key, version.content)

    async def _retire(self, actor: Actor, ids: Sequence[str]) -> None:
        """Removes archives that no kept version has, and their unpacked trees; lists of files stay.

        May run twice, and after a death in between: archives go first, then their versions count as retired. While a
        backup reads them all stay; the next upload's answer names them again.
        """
        with may_remove(self._parts.folder) as may:
            if may:
                await self._remove_retired(actor, ids)

    async def _remove_retired(self, actor: Actor, ids: Sequence[str]) -> None:
        organization_id = actor.organization_id
        async with self._parts.database.reading() as connection:
            archives = await uploads.list_archives(connection, actor.workspace_id, ids)
        for sha256 in archives:
            key = code_trees.archive_key(organization_id, sha256)
            async with self._locks.holding(key):
                async with self._parts.database.reading() as connection:
                    users = await uploads.count_kept(connection, organization_id, sha256, ids)
                if users == 0:
                    await self._parts.blobs.delete(key)
                    tree = code_trees.tree_folder(self._parts, organization_id, sha256)
                    await to_thread.run_sync(partial(shutil.rmtree, tree, ignore_errors=True))
                async with self._parts.database.transaction() as connection:
                    await uploads.retire(connection, actor.workspace_id, ids, sha256, self._parts.clock.now())

    async def withdraw(self, kind: str, row: Row) -> None:
        """Removes an upload that is no version: first the blob, unless another deployment has the same archive.

        May run twice, and after a death in between: as long as there is a blob there is a row.
        """
        key = _key_of(kind, row)
        async with self._locks.holding(key):
            async with self._parts.database.reading() as connection:
                present = await uploads.find(connection, kind, row["id"])
                others = 0
                if kind == uploads.DEPLOYMENTS:
                    archive = (row["organization_id"], row["archive_sha256"])
                    others = await uploads.count_kept(connection, *archive, without=[row["id"]])
            if present is not None and present["stored_at"] is not None:
                return
            if others == 0:
                await self._parts.blobs.delete(key)
            if present is None:
                return
            actor = Actor.plane(row["organization_id"], row["workspace_id"])
            async with self._parts.database.transaction() as connection:
                await uploads.remove_unstored(connection, kind, row["id"])
                await self._audit.append(connection, actor, Action.UPLOAD_DROPPED, row["id"], kind=kind)

    def _verify_file(self, path: Path) -> Contents:
        with path.open("rb") as file:
            return verify_archive(file, Limits(unpacked_bytes=self._parts.unpacked_limit_bytes))

    def _row(self, actor: Actor, upload_id: str, contents: Contents) -> dict[str, Any]:
        return {
            "id": upload_id,
            "organization_id": actor.organization_id,
            "workspace_id": actor.workspace_id,
            "content_hash": contents.content_hash,
            "file_count": contents.file_count,
            "size_bytes": contents.size_bytes,
            "listing": render_listing(contents.files),
            "created_by": author_of(actor),
            "created_at": self._parts.clock.now(),
            "stored_at": None,
        }


def _key_of(kind: str, row: Row) -> str:
    if kind == uploads.DEPLOYMENTS:
        return code_trees.archive_key(row["organization_id"], row["archive_sha256"])
    return configurations.archive_key(row["organization_id"], row["id"])


class _IdTaken(Conflict):
    """The id is another upload's: there is nothing of this one to remove."""


async def _insist(report: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """The write-back is idempotent by id, so a short absence of the control plane is waited out.

    Raises: Unanswered when any attempt was sent and no later one was answered; Unavailable when none was.
    """
    unanswered: Unanswered | None = None
    for attempt in range(_ATTEMPTS):
        try:
            return await report()
        except Unanswered as exc:
            unanswered = exc
        except Unavailable as exc:
            last = exc
            if attempt == _ATTEMPTS - 1:
                raise unanswered or last from exc
        await anyio.sleep(_WAIT_SECONDS * (attempt + 1))
    assert unanswered is not None
    raise unanswered
