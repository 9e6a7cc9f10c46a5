"""What a proof of residency claims: no more than was searched, and every gap is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlthub_tui.cli.proving import report_lines, verdict_over
from dlthub_tui.embed.proving import missing_from, why_not_memory

CONTROL = "the control plane's database: it is elsewhere"
REGION = "eu1's database: it is elsewhere"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("control/control.db", "data/eu1/region.db", "data/eu1/blobs/a"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("is_clean", "not_searched", "said"),
    [
        (True, [], "Nothing left its region."),
        (True, [CONTROL], "Nothing left its region, as far as was searched."),
        (False, [], "This is no proof."),
        (False, [REGION], "This is no proof."),
    ],
)
def test_a_proof_claims_no_more_than_was_searched(is_clean: bool, not_searched: list[str], said: str) -> None:
    regions = [{"is_clean": True, "not_searched": []}, {"is_clean": is_clean, "not_searched": not_searched}]

    assert verdict_over(regions) == said


def test_of_a_home_that_has_everything_nothing_is_missing(home: Path) -> None:
    assert missing_from(home, "eu1") == []
    assert missing_from(home, "us1") == ["us1 itself: it is not in this home"]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("control/control.db", CONTROL),
        ("data/eu1/region.db", REGION),
        ("data/eu1/blobs/a", "eu1's stored archives: they are elsewhere"),
    ],
)
def test_what_is_not_in_the_home_is_named(home: Path, file: str, said: str) -> None:
    (home / file).unlink()

    assert missing_from(home, "eu1") == [said]


@pytest.mark.parametrize(("part", "said"), [("CONTROL", CONTROL), ("EU1", REGION)])
def test_a_database_on_a_server_is_elsewhere_though_its_old_file_is_there(
    home: Path, monkeypatch: pytest.MonkeyPatch, part: str, said: str
) -> None:
    monkeypatch.setenv(f"DLTHUB_TUI_{part}_DATABASE_URL", "postgresql://db.example/plane")

    assert missing_from(home, "eu1") == [said]


def test_memory_that_is_shared_with_a_region_is_not_searched_and_said() -> None:
    said = why_not_memory({"us1": "http://127.0.0.1:1", "eu1": "http://127.0.0.1:2"})

    assert said == "the control plane's memory: it shares a process with eu1, us1"


def test_the_report_fits_eighty_columns_whatever_was_not_searched() -> None:
    said = why_not_memory({"us1": "http://127.0.0.1:1", "eu1": "http://127.0.0.1:2"})
    region = {
        "region": "eu1", "planted": 6, "separation": "process", "own": 1, "elsewhere": [], "secrets": [], "unread": [],
        "not_searched": [said], "searched": [],
    }  # fmt: skip

    lines = report_lines({"regions": [region], "verdict": "."}, [], Path("proof.json"))
    at = next(n for n, line in enumerate(lines) if "not searched" in line)

    assert max(len(line) for line in lines) <= 80
    assert lines[at] == "  not searched       the control plane's memory: it shares a process with eu1,"
    assert lines[at + 1] == "                     us1"
