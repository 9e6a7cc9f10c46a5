"""What `admin backup` says of planes that it cannot back up."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pyrage  # pyright: ignore[reportMissingTypeStubs]
import pytest

from planes.host.backup import CannotBackUp, Recipient, back_up

AGE: Any = pyrage


def test_a_plane_on_postgres_is_refused_with_what_to_do_and_nothing_is_written(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "backup"
    for key in ("control/signing.key", "data/eu1/identity.key", "data/us1/identity.key"):
        (home / key).parent.mkdir(parents=True)
        (home / key).touch()
    environment = {"DLTHUB_TUI_EU1_DATABASE_URL": "postgresql+asyncpg://orchard:pear-tree@database.example/eu1"}

    with pytest.raises(CannotBackUp) as refused:
        back_up(home, folder, None, Recipient(passphrase="a long one for tests"), "1", environment)

    said = str(refused.value)
    assert f"pg_dump --format=custom --file=eu1.dump and copy {home / 'data' / 'eu1'}" in said
    assert "--plane control --plane us1" in said
    assert "pear-tree" not in said
    assert not folder.exists()


def test_archives_are_left_out_where_they_lie_in_a_bucket_and_that_is_told(tmp_path: Path) -> None:
    """A variable that is empty, as files of settings have them, is no bucket: the region takes its folder."""
    home, place = tmp_path / "home", tmp_path / "home" / "data" / "eu1"
    (place / "blobs").mkdir(parents=True)
    (place / "blobs" / "archive").touch()
    (place / "identity.key").touch()
    with closing(sqlite3.connect(place / "region.db")) as database:
        database.execute("create table data_keys (master_key_id text)")
    recipient = Recipient(public_key=str(AGE.x25519.Identity.generate().to_public()))

    told = [
        back_up(home, tmp_path / f"backup{number}", ["eu1"], recipient, "1", {"DLTHUB_TUI_EU1_BLOBS_URL": bucket})[0]
        for number, bucket in enumerate(("", "s3://orchard/eu1"))
    ]

    assert [each.has_bucket for each in told] == [False, True]
    assert told[0].entries == told[1].entries + 2  # their folder, too


def test_a_backup_that_failed_leaves_no_empty_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "control").mkdir(parents=True)
    (home / "control" / "signing.key").touch()  # and no database
    new, given = tmp_path / "new", tmp_path / "given"
    given.mkdir()

    for folder in (new, given):
        with pytest.raises(CannotBackUp, match="control was not backed up"):
            back_up(home, folder, None, Recipient(passphrase="a long one for tests"), "1", {})

    assert not new.exists()
    assert list(given.iterdir()) == []
