"""`dlthub-tui doctor --residency` on a living installation."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from typing import Any

import pytest
from tests.acceptance.installations import open_home
from tests.acceptance.platforms import PlatformProcess, run_command, serving

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


@pytest.fixture(scope="module")
def platform() -> Generator[PlatformProcess]:
    with open_home() as home, serving(home) as running:
        running.admin("user", "add", "ana@orchard.example")
        yield running


def proof(platform: PlatformProcess, code: int) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "dlthub_tui.cli.main", "doctor", "--residency", "--home", str(platform.home), "--json"],
        capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_nothing_leaves_its_region(platform: PlatformProcess) -> None:
    document = proof(platform, 0)
    report = document["report"]

    assert report["is_clean"]
    assert report["verdict"] == "Nothing left its region, as far as was searched."
    assert [region["region"] for region in report["regions"]] == ["eu1", "us1"]
    for region in report["regions"]:
        assert region["own"] >= 6, "words of code, names, output, results and exceptions are found at home"
        assert (region["elsewhere"], region["secrets"], region["unread"]) == ([], [], [])
        assert region["not_searched"] == ["the control plane's memory: it shares a process with eu1, us1"]
        assert region["separation"] == "code only"
        assert region["runs"] == {"jobs.proof.prints": "completed", "jobs.proof.fails": "failed"}
        assert {place["place"] for place in region["searched"]} == {"control plane", "home", "eu1", "us1"}
    assert {one["plane"] for one in document["signatures"]} == {"control", "eu1", "us1"}
    kept = list((platform.home / "proofs").glob("residency-*.json"))
    assert [json.loads(path.read_text()) for path in kept] == [document]
    assert platform.failures() == []


def test_without_a_platform_it_says_where_to_make_it(platform: PlatformProcess) -> None:
    with open_home() as home:
        refused = run_command("doctor", "--residency", "--home", str(home))

    assert refused.returncode == 1
    assert "Make the proof where it runs" in refused.stderr
