"""A region that cannot open what it has stored does not start, and leaves all as it is."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import running_data_plane

from planes.domain.identifiers import new_id
from planes.storage.errors import StorageError

pytestmark = pytest.mark.anyio
ANOTHER = base64.b64encode(b"k" * 32).decode()


async def _once(folder: Path, control: FakeControlPlane, **settings: Any) -> None:
    """Starts the region, and seals something for an organization."""
    async with running_data_plane(folder, control, **settings) as running:
        await running.plane.services.parts.vault.prepare(new_id())


def _files(folder: Path) -> dict[str, bytes]:
    """But those that SQLite keeps beside a database that is read."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal")))
    return {str(path): path.read_bytes() for path in found}


async def _refused(folder: Path, control: FakeControlPlane, said: str, **settings: Any) -> None:
    before = _files(folder)
    with pytest.raises(StorageError, match=said):
        async with running_data_plane(folder, control, **settings):
            pass
    assert _files(folder) == before


async def test_another_key_of_the_environment_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "eu1"
    async with FakeControlPlane().serving() as control:
        await _once(folder, control)
        await _refused(folder, control, "DLTHUB_TUI_EU1_MASTER_KEY opens not all", master_key=ANOTHER)
        await _once(folder, control)


async def test_another_key_in_the_file_or_none_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "eu1"
    file = folder / "master.key"
    async with FakeControlPlane().serving() as control:
        await _once(folder, control)
        kept = file.read_text()
        file.write_text(ANOTHER)
        await _refused(folder, control, "master.key opens not all")
        file.unlink()
        await _refused(folder, control, "master.key is missing")
        file.write_text(kept)
        file.chmod(0o600)
        await _once(folder, control)


async def test_a_key_that_came_to_the_file_from_the_environment_opens_all(tmp_path: Path) -> None:
    folder = tmp_path / "eu1"
    async with FakeControlPlane().serving() as control:
        await _once(folder, control, master_key=ANOTHER)
        await _refused(folder, control, "master.key is missing")
        (folder / "master.key").touch(0o600)
        (folder / "master.key").write_text(ANOTHER)
        await _once(folder, control)
