"""Uploads of which nobody knows whether they became versions: the control plane is asked, some time later.

    written, never answered ──► it has the version: visible
                            └─► it has not: blob and row are removed

By then the upload's token has ended and no write-back is on its way any more, so the answer cannot change.
"""

from __future__ import annotations

from datetime import timedelta

import anyio
import structlog

from planes.data_plane.services.access.enrolment import Enrolment
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.reporting.reports import build_version_ids
from planes.data_plane.services.uploads.uploads import Uploads
from planes.domain.errors import Unavailable
from planes.storage.data import uploads

# An upload token lives ten minutes; a write-back is refused when its proof is older than one.
AGE = timedelta(minutes=30)
_PERIOD_SECONDS = 600.0
_AT_ONCE = 50
_log = structlog.get_logger("planes.data_plane.leftovers")


class Leftovers:
    """`run` is one task of the plane."""

    def __init__(self, parts: Parts, stored: Uploads, enrolment: Enrolment) -> None:
        self._parts = parts
        self._uploads = stored
        self._enrolment = enrolment

    async def run(self) -> None:
        """Until it is cancelled: at the start, and every ten minutes."""
        await self._enrolment.wait()
        while True:
            try:
                while await self.collect():
                    pass
            except Unavailable:
                _log.info("leftovers_wait", why="the control plane does not answer")
            except Exception as exc:  # noqa: BLE001 - the edge of the loop: a full disk must not end it
                _log.error("leftovers_failed", exc_info=exc)
            await anyio.sleep(_PERIOD_SECONDS)

    async def collect(self) -> int:
        """Settles some uploads; answers how many. May run twice.

        Raises: Unavailable while the control plane does not answer.
        """
        before = self._parts.clock.now() - AGE
        async with self._parts.database.reading() as connection:
            rows = {
                kind: await uploads.list_unstored(connection, kind, before, _AT_ONCE)
                for kind in (uploads.DEPLOYMENTS, uploads.CONFIGURATIONS)
            }
        if not any(rows.values()):
            return 0
        ids = {kind: [row["id"] for row in listed] for kind, listed in rows.items()}
        asked = build_version_ids(ids[uploads.DEPLOYMENTS], ids[uploads.CONFIGURATIONS])
        answer = await self._parts.link.find_versions(asked)
        known = {uploads.DEPLOYMENTS: set(answer.deployments), uploads.CONFIGURATIONS: set(answer.configurations)}
        for kind, listed in rows.items():
            for row in listed:
                if row["id"] in known[kind]:
                    async with self._parts.database.transaction() as connection:
                        await uploads.mark_stored(connection, kind, row["id"], self._parts.clock.now())
                else:
                    await self._uploads.withdraw(kind, row)
                _log.info("upload_settled", kind=kind, upload_id=row["id"], is_version=row["id"] in known[kind])
        return sum(map(len, rows.values()))
