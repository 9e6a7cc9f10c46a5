"""`connect URL --sign-out`: nothing stays here, and the exit code says whether the session ended there."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.fakes.installation import Installation, served

from dlthub_tui.cli.commands import run_command
from dlthub_tui.client.installation import get_signing_fingerprints
from dlthub_tui.client.transport import Transport
from dlthub_tui.session import store
from dlthub_tui.session.store import SessionStore, StoredSession


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Installation]:
    """An installation, and a machine without a keyring."""
    installation = Installation()
    monkeypatch.setattr(store, "KEYRING_SECONDS", 0.0)
    with served(installation):
        monkeypatch.setenv("DLTHUB_TUI_HOME", str(tmp_path))
        yield installation


def sign_in(fake: Installation, home: Path, *, refresh_token: str = "r-1", fingerprint: str | None = None) -> None:
    async def save() -> None:
        plane = Transport(fake.url)
        known = (fingerprint,) if fingerprint else await get_signing_fingerprints(plane)
        await plane.aclose()
        session = StoredSession(
            origin=fake.url, fingerprints=known, email="ana@orchard.example", jwt="jwt-1", refresh_token=refresh_token
        )
        await SessionStore(home / "client", uses_keyring=False).save(session)

    anyio.run(save)


def revoked(fake: Installation) -> int:
    return sum(path.endswith("-revoke") for _, path, _ in fake.requests)


def test_the_session_is_ended_there_and_forgotten_here(fake: Installation, tmp_path: Path, capsys: Any) -> None:
    sign_in(fake, tmp_path)

    assert run_command(["connect", fake.url, "--sign-out"]) == 0
    assert f"ana@orchard.example is signed out at {fake.url}." in capsys.readouterr().out
    assert revoked(fake) == 1
    assert not list((tmp_path / "client").glob("session-*"))

    assert run_command(["connect", fake.url, "--sign-out"]) == 0
    assert f"Nobody is signed in at {fake.url}." in capsys.readouterr().out


@pytest.mark.parametrize("what", ["nothing ends it", "other keys", "a key"])
def test_what_cannot_be_ended_there_is_forgotten_here(
    fake: Installation, tmp_path: Path, capsys: Any, what: str
) -> None:
    sign_in(
        fake,
        tmp_path,
        refresh_token="" if what == "a key" else "r-1",
        fingerprint="another" if what == "other keys" else None,
    )
    fake.refusals["-revoke"] = (503, {"detail": "It is starting."})
    codes = {"nothing ends it": 3, "other keys": 4, "a key": 0}

    assert run_command(["connect", fake.url, "--sign-out"]) == codes[what]
    said = capsys.readouterr()
    assert ("it is not revoked" in said.out) if what == "a key" else ("it ends when it runs out" in said.err)
    assert revoked(fake) == (what == "nothing ends it")
    assert not list((tmp_path / "client").glob("session-*"))


def test_a_plane_that_is_away_is_signed_out_of_here(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(store, "KEYRING_SECONDS", 0.0)
    monkeypatch.setenv("DLTHUB_TUI_HOME", str(tmp_path))
    fake = Installation()
    with served(fake):
        sign_in(fake, tmp_path)

    assert run_command(["connect", fake.url, "--sign-out"]) == 3
    assert "is signed out here" in capsys.readouterr().err
    assert not list((tmp_path / "client").glob("session-*"))
