"""Every public method of `dlthub_sdk`, blocking and awaited, against a real platform; none is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.installations import Installation

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(900)]

TOUR = Path(__file__).with_name("sdk_tour.py")
NOT_CALLED = {
    "Credentials.token": "a protocol: the caller's own class has it, and the tour's is asked",
    "Credentials.refreshed": "the same",
    "AsyncCredentials.token": "the same",
    "AsyncCredentials.refreshed": "the same",
}
FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.config.toml": "[jobs.works.counted]\nhow_many = 3\n",
    "__deployment__.py": "from works import *\n",
    "works.py": """
import time
import dlt
import dlt.hub.run as run

__all__ = ["counted", "fails", "endless", "nightly", "stall"]

@run.pipeline("numbers")
def counted(how_many: int = 1):
    pipeline = dlt.pipeline("numbers", destination="duckdb", dataset_name="digits")
    pipeline.run([{"n": n} for n in range(how_many)], table_name="digit")
    print("counted", how_many)
    return run.result({"rows": how_many}, type="count")

@run.job(expose={"tags": ["short"]})
def fails():
    raise ValueError("as it should")

@run.job(execute={"timeout": {"grace_period": 1.0}})
def endless():
    while True:
        time.sleep(0.05)

@run.job(trigger="schedule:0 3 1 1 *")
def nightly():
    print("night")

@run.interactive
def stall(run_context: run.TJobRunContext):
    print("never served here")
""",
}
SOURCES = ["__deployment__.py", "requirements.txt", "works.py"]


def expected(email: str) -> dict[str, Any]:
    """What a tour is told."""
    return {
        "email": email,
        "renewals": 1,
        "organization": [1, "us1", "owner", ["eu1", "us1"], 1],
        "region is locked": ["Conflict", 409],
        "archived workspace refuses": ["Conflict", 409],
        "workspace": ["journey", None, True, 2, ["Playground", "journey"], [email], "owner"],
        "nothing uploaded": [["NotFound", 404], ["NotFound", 404]],
        "Deployments": [True, 1, [1], SOURCES, ["NotFound", None]],
        "Configurations": [True, 1, [1], ["config.toml", "prod.config.toml"], ["NotFound", None]],
        "same hash": True,
        "variables": [
            [
                ["HARBOUR", "upserted"], ["API__TOKEN", "upserted"], ["BOAT", "upserted"], ["OAR", "upserted"],
                ["X", "not_found"], ["BOAT", "removed"],
            ],
            "calm", None, [["API__TOKEN", "OAR"]], 3, ["BadRequest", 400],
        ],
        "deploys": [True, True],
        "nightly": [True, False, True, ["jobs.works.nightly"], [1, 6], False],
        "stall": [True, None],
        "triggers": [[True, "jobs.works.fails"], [True, "jobs.works.fails"]],
        "runs": [
            ["completed", True, False, "failed", True, True], ["counted 3"], True, [{"rows": 3}, {"rows": 3}], True, 1,
            True, [2, 1, 1], [1], ["NotFound", 404],
        ],
        "cancels": [
            True, "cancelled", [["jobs.works.endless"], ["jobs.works.endless"]], ["jobs.works.counted"], "cancelled",
        ],
        "telemetry": [True, ["numbers", 3, False], True, "numbers", "numbers", ["numbers"], ["digits"], []],
        "closed": None,
    }  # fmt: skip


@pytest.mark.parametrize("mode", ["blocking", "awaited"])
def test_every_method_answers(installation: Installation, mode: str) -> None:
    person = installation.add_person(f"{mode}@example.org")
    folder = person.empty_workspace("tour", FILES)
    done = person.client.run_python(
        TOUR.read_text(), mode, person.key, person.platform.control_plane, cwd=folder, seconds=600
    )
    assert done.code == 0, done.text
    found = json.loads(done.stdout.splitlines()[-1])
    left_out = [name for name in found["public"] if name not in found["called"] and name not in NOT_CALLED]

    assert found["facts"] == expected(person.email)
    assert left_out == []
    assert not set(NOT_CALLED) - set(found["public"])
    assert len(found["public"]) > 70
