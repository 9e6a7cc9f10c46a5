"""Both planes answer as their published OpenAPI documents say, whatever schemathesis makes of them.

All its checks, in all its phases: no 5xx, no undocumented status, no answer unlike its schema. It stops after some
seconds a plane, in its full size after half an hour (Reliability: R9); `DLTHUB_TUI_SCHEMA_SECONDS` says how many.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.contract.published_ground import Ground
from tests.reliability.sizes import IS_FULL, sized, tell
from tests.security.role_matrix import CONTROL_ASKS, CONTROL_ROUTES, LINK_ROUTES, REGION_ASKS, REGION_ROUTES

from planes.domain.route_grants import DATA_PLANE_ROUTES, Caller

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

SECONDS = int(os.environ.get("DLTHUB_TUI_SCHEMA_SECONDS", sized("15", "1800")))
# Some rules are no JSON schema's: a cursor is one that the list gave, a profile is configured, a trigger can be read.
# What breaks one answers 400 with the reason, what is too large 413; both are in the documents too.
CONFIGURATION = """
[parameters]
"path.workspace_id" = "{workspace_id}"
"path.organization_id" = "{organization_id}"
"path.job_id" = "{job_id}"
"path.deployment_id" = "{deployment_id}"
"path.configuration_id" = "{configuration_id}"
"path.run_id" = "{run_id}"

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 413, 414, 429, 431]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 406, 409, 413, 414, 422, 428, 429, 431, "5xx"]

# Bad data is for the phases before. Here its judge takes good ids for bad ones, and a text such as true for no text.
[phases.stateful.generation]
mode = "positive"

[phases.stateful.checks.negative_data_rejection]
enabled = false

# A stream without end: what it says in some seconds is looked at.
[[operations]]
include-path = "/own/v1/changes"
request-timeout = 5
"""


def origin_of(ground: Ground, plane: str) -> str:
    return ground.platform.control_plane if plane == "control" else ground.platform.data_planes["eu1"]


@pytest.mark.parametrize("plane", ["region", "control"])
def test_each_model_and_operation_has_a_name_of_its_own(ground: Ground, plane: str) -> None:
    """Generators of clients take these names. Two models of one name are published by their modules' names."""
    document = httpx.get(f"{origin_of(ground, plane)}/openapi.json", timeout=240, trust_env=False).json()
    operations = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]

    assert [name for name in document["components"]["schemas"] if "__" in name] == []
    assert len(operations) == len(set(operations))


def test_each_route_is_published_with_the_credential_that_it_takes(ground: Ground) -> None:
    """By the table beside the code, `tests/security/role_matrix.py`."""
    for plane in ("region", "control"):
        document = httpx.get(f"{origin_of(ground, plane)}/openapi.json", timeout=240, trust_env=False).json()
        schemes = document["components"]["securitySchemes"]
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                (asked,) = operation["security"] or [{}]
                assert asked == credential_of(f"{method.upper()} {path}", plane), (method, path)
                assert all(schemes[name]["scheme"] == "bearer" for name in asked)


def credential_of(route: str, plane: str) -> dict[str, list[str]]:
    if route in LINK_ROUTES:
        return {"data_plane": []}
    if plane == "control":
        caller, permission = CONTROL_ASKS[CONTROL_ROUTES[route]]
        open_to_all = caller in {Caller.ANYBODY, Caller.SOCKET}
        return {} if open_to_all else {str(caller): [str(permission)] if permission else []}
    if route.endswith("/-upload"):
        return {"upload_token": [f"{'deployment' if 'deployments' in route else 'configuration'}:upload"]}
    kind = REGION_ROUTES[route]
    granted = {str(grant) for grant, _ in REGION_ASKS.get(kind, ())} & {str(DATA_PLANE_ROUTES[route].grant)}
    return {"region_token": sorted(granted)} if kind in REGION_ASKS else {}


@pytest.mark.timeout(SECONDS * 3 + 1200)
@pytest.mark.parametrize("plane", ["region", "control"])
def test_answers_are_as_the_document_says(ground: Ground, plane: str, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION.format(**ground.ids))

    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "run", f"{origin_of(ground, plane)}/openapi.json",
            "--checks", "all",
            "--max-time", str(SECONDS), "--request-timeout", "240", "--continue-on-failure", "--no-color",
            "--workers", sized("1", "2"),
            # How fast examples are made says something about the machine; which ones, nothing about a change.
            "--suppress-health-check", "all", *([] if IS_FULL else ["--generation-deterministic"]),
            # Its answer waits for news, and takes the region's work from it.
            "--exclude-path-regex", r"-poll$",
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={
            **os.environ, "NO_PROXY": "*", "PYTHONPATH": str(Path(__file__).parents[2]),
            "SCHEMATHESIS_HOOKS": "tests.contract.published_hooks", "PLANE": plane,
            "PLATFORM_HOME": str(ground.platform.home), "CONTROL_PLANE": ground.platform.control_plane,
            "WORKSPACE": ground.ids["workspace_id"], "DEPLOYMENT": ground.ids["deployment_id"],
            "CONFIGURATION": ground.ids["configuration_id"],
        },
    )  # fmt: skip

    counted = re.search(r"Test cases:\s+(.+)", done.stdout)
    refused = tmp_path / "refused.json"
    spent = json.loads(refused.read_text()) if refused.exists() else {}
    tell(f"R9 {plane}", f"{SECONDS} s: {'no count' if counted is None else counted[1]}, 401 with a credential: {spent}")
    # Addresses of failures may be 60 KB long.
    assert done.returncode == 0, re.sub(r"(\S{300})\S+", r"\1…", done.stdout)[-20_000:] + done.stderr
