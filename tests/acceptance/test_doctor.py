"""`dlthub-tui doctor` on real homes: nothing there, at rest, running, open to others, an audit log that was changed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.installations import open_home
from tests.acceptance.platforms import PlatformProcess, run_command, serving

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


@pytest.fixture
def platform() -> Generator[PlatformProcess]:
    """In a folder that the users of jobs can pass through, unlike pytest's."""
    with open_home() as home, serving(home) as running:
        yield running


def examined(home: Path, code: int) -> dict[tuple[str, str], dict[str, Any]]:
    done = run_command("doctor", "--home", str(home), "--json")
    assert done.returncode == code, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["ok"] == (code == 0)
    return {(finding["area"], finding["subject"]): finding for finding in document["findings"]}


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = examined(tmp_path / "home", 0)

    assert found["home", "folder"]["state"] == "off"
    assert found["machine", "interpreter"]["state"] == "good"
    assert not (tmp_path / "home").exists()


def test_a_running_platform_is_whole(platform: PlatformProcess) -> None:
    platform.admin("user", "add", "ana@orchard.example")
    before = sorted(path for path in platform.home.rglob("*") if not path.name.endswith(("-shm", "-wal")))
    found = examined(platform.home, 0)

    assert {subject for area, subject in found if area == "platform"} == {"process", "control", "us1", "eu1"}
    assert {subject for area, subject in found if area == "audit"} == {"control", "us1", "eu1"}
    assert all(finding["state"] == "good" for (area, _), finding in found.items() if area in {"platform", "audit"})
    assert "code only" in found["platform", "process"]["detail"]
    assert sorted(path for path in platform.home.rglob("*") if not path.name.endswith(("-shm", "-wal"))) == before

    platform.stop()
    at_rest = examined(platform.home, 0)
    assert at_rest["platform", "process"]["state"] == "off"
    assert at_rest["audit", "control"]["state"] == "good"


def test_what_is_wrong_is_said_with_what_to_do(platform: PlatformProcess) -> None:
    platform.admin("user", "add", "ana@orchard.example")
    platform.stop()
    key = platform.home / "data" / "eu1" / "master.key"
    key.chmod(0o644)
    with sqlite3.connect(platform.home / "control" / "control.db") as database:
        tables = [row[0] for row in database.execute("select name from sqlite_master where type = 'trigger'")]
        for trigger in tables:
            database.execute(f"drop trigger {trigger}")
        changed = database.execute("update audit_events set action = 'nothing_happened' where sequence = 1").rowcount
    database.close()
    assert changed == 1

    found = examined(platform.home, 1)

    assert found["home", "keys"]["state"] == "bad"
    assert found["home", "keys"]["advice"] == "chmod 600 data/eu1/master.key"
    assert found["audit", "control"]["state"] == "bad"
    assert found["audit", "eu1"]["state"] == "good"
    words = run_command("doctor", "--home", str(platform.home)).stdout
    assert "chmod 600 data/eu1/master.key" in words
    assert "2 bad" in words


def test_a_database_that_is_none_is_said(platform: PlatformProcess) -> None:
    platform.stop()
    (platform.home / "data" / "us1" / "region.db").write_bytes(b"not a database, and longer than a hundred bytes " * 4)

    found = examined(platform.home, 1)

    assert found["audit", "us1"]["state"] == "bad"
    assert "cannot be read" in found["audit", "us1"]["detail"]
