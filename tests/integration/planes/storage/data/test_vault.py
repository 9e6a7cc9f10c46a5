"""The vault: what is sealed opens in its place, with its key, and nowhere else (Security: 8)."""

from __future__ import annotations

import base64
import os
from dataclasses import replace
from pathlib import Path

import pytest

from planes.domain.clock import SystemClock
from planes.storage.database import Database
from planes.storage.errors import StorageError
from planes.storage.master_keys import CannotOpen, MasterKey, MasterKeyFile
from planes.storage.vault import Place, Vault, finish_rotation, rotate_master_key

pytestmark = pytest.mark.anyio
PLACE = Place(organization_id="o", workspace_id="w", scope="workspace", name="A", version=1)


def vault(database: Database, key: MasterKey | None = None) -> Vault:
    return Vault(database, key or MasterKey(b"k" * 32), SystemClock())


async def test_what_is_sealed_opens(database: Database) -> None:
    sealed = await vault(database).seal(PLACE, b"value")

    assert await vault(database).open(PLACE, sealed) == b"value"
    assert b"value" not in sealed


@pytest.mark.parametrize(
    "change", [{"organization_id": "p"}, {"workspace_id": "x"}, {"scope": "profile:a"}, {"name": "B"}, {"version": 2}]
)
async def test_it_does_not_open_elsewhere(database: Database, change: dict[str, str]) -> None:
    sealed = await vault(database).seal(PLACE, b"value")

    with pytest.raises(CannotOpen):
        await vault(database).open(replace(PLACE, **change), sealed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"scope": "a|1:b", "name": "c"}, {"scope": "a", "name": "b|1:c"}),
        ({"scope": "a|b", "name": "c"}, {"scope": "a", "name": "b|c"}),
        ({"organization_id": "o"}, {"organization_id": "another"}),
    ],
)
def test_no_two_places_read_the_same(one: dict[str, str], other: dict[str, str]) -> None:
    assert replace(PLACE, **one).associated_data() != replace(PLACE, **other).associated_data()


@pytest.mark.parametrize("position", [0, 12, -1])
async def test_it_does_not_open_when_a_byte_changed(database: Database, position: int) -> None:
    sealed = bytearray(await vault(database).seal(PLACE, b"value"))
    sealed[position] ^= 1

    with pytest.raises(CannotOpen):
        await vault(database).open(PLACE, bytes(sealed))
    with pytest.raises(CannotOpen):
        await vault(database).open(PLACE, b"short")


async def test_each_organization_has_its_own_key(database: Database) -> None:
    keeper = vault(database)
    sealed = await keeper.seal(PLACE, b"value")
    await keeper.prepare("p")

    with pytest.raises(CannotOpen):
        await keeper.open(replace(PLACE, organization_id="p"), sealed)


async def test_another_master_key_opens_nothing(database: Database) -> None:
    sealed = await vault(database).seal(PLACE, b"value")

    with pytest.raises(CannotOpen):
        await vault(database, MasterKey(b"z" * 32)).open(PLACE, sealed)


async def test_a_new_master_key_takes_over(database: Database) -> None:
    old, new = MasterKey(b"k" * 32), MasterKey(b"n" * 32)
    sealed = await vault(database, old).seal(PLACE, b"value")

    assert await vault(database, new).rewrap_all(old) == 1
    assert await vault(database, new).rewrap_all(old) == 0
    assert await vault(database, new).open(PLACE, sealed) == b"value"
    with pytest.raises(CannotOpen):
        await vault(database, old).open(PLACE, sealed)


def test_the_key_file_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "v" / "master.key"
    first = MasterKey.load_or_create(path)

    assert MasterKey.load_or_create(path).id == first.id
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["master.key"]
    assert path.read_text().strip() not in repr(first)


def test_a_key_file_that_others_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    MasterKey.load_or_create(path)
    path.chmod(0o640)

    with pytest.raises(StorageError):
        MasterKey.load_or_create(path)


@pytest.mark.parametrize("text", ["", "abc", base64.b64encode(b"x" * 31).decode(), "\u00e9" * 44])
def test_a_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(StorageError):
        MasterKey.parse(text)


def test_a_key_may_be_in_either_alphabet() -> None:
    raw = b"\xff\xfe" + os.urandom(30)

    assert (
        MasterKey.parse(base64.b64encode(raw).decode()).id == MasterKey.parse(base64.urlsafe_b64encode(raw).decode()).id
    )


async def test_a_running_vault_goes_on_while_its_master_key_is_replaced(database: Database, tmp_path: Path) -> None:
    """By another process: here with objects of its own over the same file and database."""
    path = tmp_path / "master.key"
    running = Vault(database, MasterKeyFile(path), SystemClock())
    known = await running.seal(PLACE, b"before")
    await Vault(database, MasterKeyFile(path), SystemClock()).prepare("q")
    before = path.read_text()

    assert await rotate_master_key(database, MasterKeyFile(path)) == 2

    assert path.read_text() != before
    assert await running.open(PLACE, known) == b"before"
    # Organizations that it has not met yet, one from before and one from after.
    for organization in ("q", "r"):
        there = replace(PLACE, organization_id=organization)
        sealed = await running.seal(there, b"after")
        again = Vault(database, MasterKeyFile(path), SystemClock())
        assert await again.open(there, sealed) == b"after"
    assert await Vault(database, MasterKeyFile(path), SystemClock()).open(PLACE, known) == b"before"
    assert [each.name for each in tmp_path.glob("*.key*")] == ["master.key"]
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CannotOpen):
        await Vault(database, MasterKey.parse(before), SystemClock()).open(PLACE, known)


@pytest.mark.parametrize("wrapped_anew", [False, True])
async def test_a_rotation_that_was_killed_loses_no_key(database: Database, tmp_path: Path, wrapped_anew: bool) -> None:
    path = tmp_path / "master.key"
    keys = MasterKeyFile(path)
    running = Vault(database, keys, SystemClock())
    sealed = await running.seal(PLACE, b"value")
    old, new = MasterKey.load_or_create(path), keys.begin()
    if wrapped_anew:
        await Vault(database, new, SystemClock()).rewrap_all(old)
    # Meanwhile the plane that still runs meets somebody new.
    there = replace(PLACE, organization_id="new")
    fresh = await running.seal(there, b"fresh")

    again = Vault(database, MasterKeyFile(path), SystemClock())
    assert (await again.open(PLACE, sealed), await again.open(there, fresh)) == (b"value", b"fresh")
    await finish_rotation(database, keys)
    await finish_rotation(database, keys)

    later = Vault(database, MasterKeyFile(path), SystemClock())
    assert (await later.open(PLACE, sealed), await later.open(there, fresh)) == (b"value", b"fresh")
    assert MasterKey.load_or_create(path).id == new.id
    assert not keys.next_path.exists()
