"""The stored session and the pins: where they lie, and who may read them."""

from __future__ import annotations

import resource
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dlthub_tui.client.errors import PinsDamaged
from dlthub_tui.client.pins import Pin
from dlthub_tui.session.store import SessionStore, StoredSession

pytestmark = [pytest.mark.anyio]
ORIGIN = "http://127.0.0.1:8400"
SESSION = StoredSession(
    origin=ORIGIN, fingerprints=("f1",), email="ana@orchard.example", jwt="jwt-secret", refresh_token="refresh-secret"
)


async def test_a_session_without_keyring_is_a_file_only_its_owner_reads(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "client", uses_keyring=False)
    await store.save(SESSION)

    file = next((tmp_path / "client").iterdir())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert await store.find(ORIGIN, ("f1", "f2")) == SESSION
    assert "only you can read" in store.place


async def test_a_session_is_found_for_its_origin_and_keys_only(tmp_path: Path) -> None:
    store = SessionStore(tmp_path, uses_keyring=False)
    await store.save(SESSION)

    assert await store.find("http://127.0.0.1:9999", ("f1",)) is None
    assert await store.find(ORIGIN, ("other",)) is None
    assert await store.find(ORIGIN, ()) is None


async def test_a_forgotten_session_is_gone(tmp_path: Path) -> None:
    store = SessionStore(tmp_path, uses_keyring=False)
    await store.save(SESSION)
    await store.forget(ORIGIN)

    assert await store.find(ORIGIN, ("f1",)) is None
    assert list(tmp_path.iterdir()) == []


async def test_a_disk_without_room_leaves_what_was_kept_and_is_told_of_its_file(tmp_path: Path) -> None:
    store = SessionStore(tmp_path, uses_keyring=False)
    await store.save(SESSION)
    file = next(tmp_path.iterdir())
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, old[1]))
    try:
        with pytest.raises(OSError, match="File too large") as refused:
            await store.save(replace(SESSION, email="ben@orchard.example"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)

    assert refused.value.filename == str(file)
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
    assert await store.find(ORIGIN, ("f1",)) == SESSION


async def test_a_damaged_session_file_counts_as_none(tmp_path: Path) -> None:
    store = SessionStore(tmp_path, uses_keyring=False)
    await store.save(SESSION)
    next(tmp_path.iterdir()).write_text("{half")

    assert await store.find(ORIGIN, ("f1",)) is None


async def test_damaged_pins_trust_nobody_anew(tmp_path: Path) -> None:
    pins = SessionStore(tmp_path, uses_keyring=False).pins(ORIGIN)
    await pins.put(Pin("eu1", "key", "2026-03-02"))
    assert await pins.find("eu1") == Pin("eu1", "key", "2026-03-02")
    assert await pins.find("us1") is None
    next(tmp_path.iterdir()).write_text("{half")

    with pytest.raises(PinsDamaged):
        await pins.find("eu1")


def test_tokens_are_not_in_representations() -> None:
    assert "secret" not in repr(SESSION)
    assert "secret" not in repr(SESSION.pair)


@pytest.mark.parametrize("backend", ["fail", "null"])
async def test_a_machine_without_keyring_falls_back_to_the_file(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"keyring.backends.{backend}.Keyring")
    store = SessionStore(tmp_path)
    await store.save(SESSION)

    assert await store.find(ORIGIN, ("f1",)) == SESSION
    assert any(file.name.startswith("session-") for file in tmp_path.iterdir())


def test_the_keyring_door_says_that_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    done = subprocess.run(
        [sys.executable, "-I", "-m", "dlthub_tui.session.keyring_door", "get", "x"], capture_output=True, check=False
    )

    assert done.returncode == 3
