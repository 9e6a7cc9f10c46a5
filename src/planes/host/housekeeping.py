"""Housekeeping of a home's regions by whoever may write the home, whether they run or not (`admin gc`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from planes.data_plane.services.audit import Audit
from planes.data_plane.services.upkeep.housekeeping import Housekeeping
from planes.domain.clock import Clock, SystemClock
from planes.domain.errors import PlaneError
from planes.host.building import database_url, retention
from planes.storage.database import Database
from planes.storage.errors import StorageError


class CannotTidy(Exception):
    """Nothing more was removed; the message says why."""


@dataclass(frozen=True, slots=True)
class _Region:
    database: Database
    clock: Clock
    folder: Path


def limits(environment: Mapping[str, str]) -> dict[str, int]:
    """How long and how much is kept: days and bytes, 0 for no limit. Raises: CannotTidy."""
    try:
        return asdict(retention(environment))
    except PlaneError as exc:
        raise CannotTidy(exc.detail) from exc


async def tidy(
    home: Path, environment: Mapping[str, str], *, is_dry_run: bool
) -> dict[str, dict[str, dict[str, int] | int]]:
    """Removes what the settings say, or only says what it would remove: by region and kind, `count` and `bytes`.

    `failed` counts what could not be removed.

    Raises: CannotTidy.
    """
    regions = sorted(path for path in (home / "data").glob("[!.]*") if (path / "identity.key").exists())
    if not regions:
        raise CannotTidy(f"There is no region in {home}.")
    answer: dict[str, dict[str, dict[str, int] | int]] = {}
    for folder in regions:
        try:
            answer[folder.name] = await _tidy_region(folder, environment, is_dry_run=is_dry_run)
        except (StorageError, OSError) as exc:
            raise CannotTidy(
                f"{folder.name} could not be looked through: {exc}. Has it been started with this version?"
            ) from exc
        except PlaneError as exc:
            raise CannotTidy(exc.detail) from exc
    return answer


async def _tidy_region(
    folder: Path, environment: Mapping[str, str], *, is_dry_run: bool
) -> dict[str, dict[str, int] | int]:
    database = Database.attach(database_url(folder.name, folder, environment), is_written=not is_dry_run)
    try:
        region = _Region(database, SystemClock(), folder)
        keeping = Housekeeping(region, Audit(region), retention(environment))
        report = await (keeping.plan() if is_dry_run else keeping.tidy())
    finally:
        await database.close()
    if report.is_held:
        raise CannotTidy(f"{folder.name} is being backed up. Nothing was removed there; try again later.")
    kinds: dict[str, dict[str, int] | int] = {
        str(kind): {"count": count, "bytes": size} for kind, (count, size) in report.removed.items()
    }
    return {**kinds, "failed": report.failed}
