"""Sealed files open with their key or passphrase only, whole or not at all."""

from __future__ import annotations

import random
from pathlib import Path
from typing import IO

import pytest

from planes.storage.sealing import CannotUnseal, Opener, Recipient, seal, unsealed

PASSPHRASE = "four words that nobody guesses"
CONTENT = random.Random(5).randbytes(3_000_000)


def write(out: IO[bytes]) -> None:
    for first in range(0, len(CONTENT), 70_000):
        out.write(CONTENT[first : first + 70_000])


def read(folder: Path, opener: Opener) -> bytes:
    with unsealed(folder, "eu1", opener) as content:
        return b"".join(iter(lambda: content.read(50_000), b""))


def test_a_passphrase_opens_what_it_sealed(tmp_path: Path) -> None:
    seal(tmp_path, "eu1", Recipient(passphrase=PASSPHRASE), write)

    assert read(tmp_path, Opener(passphrase=PASSPHRASE)) == CONTENT
    with pytest.raises(CannotUnseal, match="passphrase is not the one"):
        read(tmp_path, Opener(passphrase="another"))
    with pytest.raises(FileExistsError):
        seal(tmp_path, "eu1", Recipient(passphrase=PASSPHRASE), write)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["eu1.key.age", "eu1.tar.zst.age"]


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(out: IO[bytes]) -> None:
        out.write(CONTENT)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        seal(tmp_path, "eu1", Recipient(passphrase=PASSPHRASE), fail)

    assert list(tmp_path.iterdir()) == []
