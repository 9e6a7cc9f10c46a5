from __future__ import annotations

from pathlib import Path

import pytest

from dlthub_tui.embed import finding
from planes.host.home import Home, HomeLock, PlatformRecord

READY = PlatformRecord(pid=1, version="1", control_plane="http://127.0.0.1:1")


def test_a_platform_that_is_just_starting_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    lock = HomeLock(home)
    monkeypatch.setattr(finding.select, "select", lambda *_: home.write_record(READY))

    found = finding.find_platform(tmp_path)

    assert found is not None
    assert found.control_plane == READY.control_plane
    lock.release()


def test_one_that_ends_is_waited_for_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = HomeLock(Home(tmp_path))
    monkeypatch.setattr(finding.select, "select", lambda *_: lock.release())

    assert finding.find_platform(tmp_path) is None
