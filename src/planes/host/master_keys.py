"""A region's master key is replaced, whether the region runs or not: by whoever may write the home."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from planes.domain.errors import Conflict
from planes.host.building import PREFIX, database_url
from planes.host.home import check_ours
from planes.storage.database import Database
from planes.storage.errors import StorageError
from planes.storage.master_keys import MasterKeyFile
from planes.storage.vault import rotate_master_key


class CannotRotate(Exception):
    """The key stays as it is; the message says why."""


async def rotate(home: Path, dataplane_id: str, environment: Mapping[str, str]) -> int:
    """Wraps the data keys of the region's organizations with a new master key; answers how many. May run twice.

    Raises: CannotRotate when there is no such region, its key comes from the environment, or is damaged.
    """
    try:
        check_ours(home)
    except Conflict as exc:
        raise CannotRotate(exc.detail) from exc
    folder = home / "data" / dataplane_id
    key_file = folder / "master.key"
    variable = f"{PREFIX}{dataplane_id.upper()}_MASTER_KEY"
    if variable in environment:
        raise CannotRotate(
            f"The master key is given by {variable}, and another one there would open nothing that is stored. "
            f"Write this one to {key_file} (mode 0600), start {dataplane_id} without the variable, and rotate then."
        )
    if not key_file.exists():
        raise CannotRotate(f"There is no master key of a region {dataplane_id} in {home}.")
    database = Database.attach(database_url(dataplane_id, folder, environment), is_written=True)
    try:
        return await rotate_master_key(database, MasterKeyFile(key_file))
    except (StorageError, OSError) as exc:
        raise CannotRotate(f"The master key was not replaced: {exc}.") from exc
    finally:
        await database.close()
