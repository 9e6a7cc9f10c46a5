"""`logs` of a log that a region cannot read as a whole: everything else of it is printed, and once."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.installation import Installation, served
from tests.fakes.installation_rows import LogOfRun

from dlthub_tui.cli.commands import run_command

LINES = 3300


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[LogOfRun]:
    """The log of acme/shop/load/1."""
    fake = Installation()
    with served(fake):
        job = fake.add_job(fake.add_workspace(fake.add_organization("acme", "eu1"), "shop"), "jobs.load", ["manual:"])
        log = fake.log_of(fake.add_run(job, 1, "completed", ago=60, took=2))
        for number in range(LINES):
            log.add(f"row {number}")
        monkeypatch.setenv("DLTHUB_TUI_HOME", str(tmp_path))
        monkeypatch.setenv("DLTHUB_TUI_URL", fake.url)
        monkeypatch.setenv("DLTHUB_TUI_API_KEY", fake.tokens[-1])
        yield log


def printed(capsys: Any, *words: str) -> tuple[list[str], list[str]]:
    capsys.readouterr()
    assert run_command(["logs", "acme/shop/load/1", *words]) == 0
    captured = capsys.readouterr()
    return captured.out.splitlines(), captured.err.splitlines()


@pytest.mark.parametrize("damage", [[(2500, 2700)], [(1100, 3200)], [(500, 600), (2500, 2501)], [(3000, LINES)]])
def test_what_can_be_read_around_damage_is_printed(log: LogOfRun, damage: list[tuple[int, int]], capsys: Any) -> None:
    log.damage = damage
    lost = {number for first, end in damage for number in range(first, end)}

    lines, said = printed(capsys)

    assert [line for line in lines if line.startswith("row ")] == [
        f"row {number}" for number in range(LINES) if number not in lost
    ]
    assert [line for line in lines if "damaged" in line] == [
        f"{end - first} lines are damaged" for first, end in damage
    ]
    assert said == [f"dlthub-tui: Lines {first + 1} to {end}: its checksum is another." for first, end in damage]


def test_following_a_log_whose_end_is_lost_comes_to_its_end(log: LogOfRun, capsys: Any) -> None:
    log.damage = [(3000, LINES)]

    lines, said = printed(capsys, "-f", "--tail", "302")

    assert lines == ["row 2998", "row 2999", "300 lines are damaged"]
    assert said == ["dlthub-tui: acme/shop/load/1 completed after 2 s."]


def test_damage_before_what_is_asked_for_is_not_told(log: LogOfRun, capsys: Any) -> None:
    log.damage = [(500, 600)]

    assert printed(capsys, "--tail", "2") == ([f"row {LINES - 2}", f"row {LINES - 1}"], [])
