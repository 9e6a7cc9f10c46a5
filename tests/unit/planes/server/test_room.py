"""How many files this process may have open."""

from __future__ import annotations

import resource

import pytest

from planes.domain.errors import Unavailable
from planes.server.room import take_all_descriptors


def test_too_few_open_files_are_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (64, 64))
    with pytest.raises(Unavailable, match="may have 64 files open at once; a platform needs 128"):
        take_all_descriptors()

    monkeypatch.setattr(resource, "getrlimit", lambda _what: (128, 128))
    take_all_descriptors()
