"""A region's key is replaced by one that it signs; wherever that is cut off, one of both is there."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from planes.data_plane.services import identity_keys
from planes.data_plane.services.identity_keys import IdentityKeys
from planes.domain.errors import Conflict
from planes.tokens.attestation import verify_statement
from planes.tokens.errors import InvalidToken
from planes.wire.key_changes import MOST_CHANGES, KeyChange, change_bytes, follow_changes

NOW = datetime(2026, 11, 28, 1, 2, 3, 4, UTC)


class Killed(BaseException):
    """The process ends here."""


def is_signed(change: KeyChange) -> bool:
    verify_statement(change.old_key, change_bytes(change), change.signature)
    return True


def test_a_new_key_is_signed_by_the_old_and_both_files_are_private(tmp_path: Path) -> None:
    keys = IdentityKeys(tmp_path)
    first, none = keys.load_or_create()

    rotated = [keys.rotate("eu1", NOW).public.text for _ in range(2)]

    last, changes = keys.load_or_create()
    assert none == []
    assert last.public.text == rotated[-1]
    assert follow_changes(changes, "eu1", first.public.text, is_signed) == last.public.text
    assert [change.new_key for change in changes] == rotated
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {
        "identity.key": "0o600", "identity-changes.json": "0o600",
    }  # fmt: skip


@pytest.mark.parametrize("step", range(1, 7))
def test_a_kill_at_any_step_leaves_the_old_key_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Before and after each of: the new key is written, the change is written, the key takes its place."""
    keys = IdentityKeys(tmp_path)
    keys.rotate("eu1", NOW)
    old, before = keys.load_or_create()
    steps = 0

    def cut(target: Any, name: str) -> None:
        call: Callable[..., Any] = getattr(target, name)

        def killing(*given: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == step:
                raise Killed
            done = call(*given)
            steps += 1
            if steps == step:
                raise Killed
            return done

        monkeypatch.setattr(target, name, killing)

    with monkeypatch.context() as monkeypatch:
        cut(identity_keys, "write_private")
        cut(identity_keys, "sync_folder")
        with pytest.raises(Killed):
            keys.rotate("eu1", NOW)

    found, changes = IdentityKeys(tmp_path).load_or_create()
    is_new = found.public.text != old.public.text
    assert is_new == (step > 4)
    assert len(changes) == len(before) + is_new
    assert follow_changes(changes, "eu1", changes[0].old_key, is_signed) == found.public.text
    again = keys.rotate("eu1", NOW)
    assert [change.new_key for change in keys.load_or_create()[1]][-2 if is_new else -1 :][-1] == again.public.text
    assert not (tmp_path / "identity.key.new").exists()


def test_as_many_changes_are_kept_as_are_followed(tmp_path: Path) -> None:
    keys = IdentityKeys(tmp_path)
    for _ in range(MOST_CHANGES + 2):
        keys.rotate("eu1", NOW)

    last, changes = keys.load_or_create()
    assert len(changes) == MOST_CHANGES
    assert follow_changes(changes, "eu1", changes[0].old_key, is_signed) == last.public.text


def test_of_two_commands_at_once_one_changes_nothing(tmp_path: Path) -> None:
    keys = IdentityKeys(tmp_path)
    before = keys.load_or_create()[0].public
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    try:
        with pytest.raises(Conflict, match="at this moment"):
            keys.rotate("eu1", NOW)
    finally:
        os.close(other)

    assert keys.load_or_create()[0].public == before


def test_changes_that_lead_elsewhere_are_not_said_and_damaged_ones_are_named(tmp_path: Path) -> None:
    keys = IdentityKeys(tmp_path)
    keys.rotate("eu1", NOW)
    (tmp_path / "identity.key").unlink()

    assert keys.load_or_create()[1] == []
    (tmp_path / "identity-changes.json").write_text("[{")
    with pytest.raises(InvalidToken, match=r"identity-changes\.json"):
        keys.load_or_create()
