"""What is behind a passphrase is a file of the age format, and opens whatever the machine does besides."""

from __future__ import annotations

from typing import Any

import pyrage  # pyright: ignore[reportMissingTypeStubs] - there are none
import pytest

from planes.storage import passphrases
from planes.storage.passphrases import CannotOpen, open_by_passphrase, seal_by_passphrase

AGE: Any = pyrage
PASSPHRASE = "four wörds that nobody guesses"
CONTENT = b"AGE-SECRET-KEY-not-one"


@pytest.fixture
def little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrases, "WORK", 10)


def test_the_work_is_that_of_the_age_program_and_none_is_measured() -> None:
    sealed = seal_by_passphrase(CONTENT, PASSPHRASE)

    assert sealed.split(b"\n")[1].endswith(b" 18")
    assert open_by_passphrase(sealed, PASSPHRASE) == CONTENT


@pytest.mark.usefixtures("little_work")
def test_another_program_of_the_format_opens_it() -> None:
    assert AGE.passphrase.decrypt(seal_by_passphrase(CONTENT, PASSPHRASE), PASSPHRASE) == CONTENT


@pytest.mark.usefixtures("little_work")
def test_what_is_wrong_is_said() -> None:
    sealed = seal_by_passphrase(CONTENT, PASSPHRASE)
    head, _, payload = sealed.partition(b"\n--- ")

    with pytest.raises(CannotOpen, match="passphrase is not the one"):
        open_by_passphrase(sealed, "another")
    with pytest.raises(CannotOpen, match=r"more work \(2\^30\)"):
        open_by_passphrase(sealed.replace(b" 10\n", b" 30\n", 1), PASSPHRASE)
    wrong = b"A" if payload[:1] != b"A" else b"B"
    for broken in (b"", sealed[:-1], sealed[:40], head + b"\n--- " + wrong + payload[1:], sealed[:-20] + bytes(20)):
        with pytest.raises(CannotOpen, match="damaged"):
            open_by_passphrase(broken, PASSPHRASE)
