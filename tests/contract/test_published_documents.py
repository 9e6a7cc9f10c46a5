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
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.acceptance.installations import open_home
from tests.acceptance.platforms import PlatformProcess, serving, wait_until
from tests.fakes.archives import REQUIREMENTS, pack
from tests.fakes.control_stage import definition
from tests.reliability.sizes import sized, tell

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

SECONDS = int(os.environ.get("DLTHUB_TUI_SCHEMA_SECONDS", sized("15", "1800")))
# Some rules are no JSON schema's: a cursor is one that the list gave, a profile is configured, a trigger can be read.
# What breaks one answers 400 with the reason, which is in the documents too.
CONFIGURATION = """
[parameters]
"path.workspace_id" = "{workspace_id}"
"path.organization_id" = "{organization_id}"
"path.job_id" = "{job_id}"
"path.deployment_id" = "{deployment_id}"
"path.configuration_id" = "{configuration_id}"
"path.run_id" = "{run_id}"

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 414, 429, 431]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 406, 409, 414, 422, 428, 429, 431, "5xx"]

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
OWNER = "owner@example.org"
PASSWORD = "long enough for all"


@dataclass
class Ground:
    """A workspace with a version of code, a configuration and a job, and its owner's credentials."""

    platform: PlatformProcess
    ids: dict[str, str]
    credentials: dict[str, str]

    def ask(self, method: str, path: str, **rest: Any) -> Any:
        headers = {"authorization": f"Bearer {self.credentials['control']}"}
        url = f"{self.platform.control_plane}/api/v1{path.format(**self.ids)}"
        answer = httpx.request(method, url, headers=headers, timeout=60, trust_env=False, **rest)
        assert answer.is_success, answer.text
        return answer.json()

    def upload(self, kind: str, files: dict[str, Any]) -> None:
        ticket = self.ask("POST", f"/workspaces/{{workspace_id}}/{kind}s/-issue-upload")
        self.ids[f"{kind}_id"] = ticket[f"{kind}_id"]
        headers = {"authorization": f"Bearer {ticket['upload_token']}"}
        answer = httpx.post(ticket["upload_url"], files=files, headers=headers, timeout=60, trust_env=False)
        assert answer.status_code == 200, answer.text

    def run(self) -> None:
        """A run that is over, with a log, as there is no such Python; other streams wait for a lease (Borders: 1)."""
        body = {"job_id": self.ids["job_id"], "trigger": "manual:"}
        self.ids["run_id"] = self.ask("POST", "/workspaces/{workspace_id}/job-runs", json=body)["id"]
        path = "/workspaces/{workspace_id}/job-runs/{run_id}"
        wait_until(lambda: self.ask("GET", path)["finished_at"] is not None, 120)


@pytest.fixture(scope="module")
def ground() -> Generator[Ground]:
    with open_home() as home, serving(home) as platform:
        platform.admin("user", "add", OWNER, "--password-stdin", stdin=f"{PASSWORD}\n")
        organization = platform.admin("org", "create", "orchard", "--region", "eu1", "--owner", OWNER)
        ground = Ground(platform, {"organization_id": organization["id"]}, {"control": _sign_in(platform)["jwt"]})
        body: dict[str, Any] = {"name": "fruit", "description": None}
        ground.ids["workspace_id"] = ground.ask("POST", "/organizations/{organization_id}/workspaces", json=body)["id"]
        ground.upload(
            "deployment",
            {
                "file": ("a.tar.gz", pack({"jobs.py": b""}), "application/x-tar"),
                "requirements_file": ("r.json", REQUIREMENTS.replace(b"3.11", b"3.4"), "application/json"),
            },
        )
        ground.upload(
            "configuration", {"file": ("a.tar.gz", pack({"prod.config.toml": b"a = 1\n"}), "application/x-tar")}
        )
        body = {
            "job_definition_engine_version": 2, "job_definition_hash": "h", "deployment_module": None,
            "description": None, "jobs": [definition("load", "schedule:0 3 1 1 *")],
        }  # fmt: skip
        ground.ask("POST", "/workspaces/{workspace_id}/-deploy", json=body)
        ground.ids["job_id"] = ground.ask("GET", "/workspaces/{workspace_id}/jobs")["items"][0]["id"]
        ground.run()
        yield ground
        platform.stop()
        assert not platform.failures()


def _sign_in(platform: PlatformProcess) -> dict[str, str]:
    url = f"{platform.control_plane}/auth/v1/sessions"
    codes = httpx.post(f"{url}/-issue-device-code", trust_env=False).json()
    platform.admin("approve", codes["user_code"], "--user", OWNER)
    body = {"device_code": codes["device_code"]}
    return httpx.post(f"{url}/-redeem-device-code", json=body, trust_env=False).json()


@pytest.mark.timeout(SECONDS * 3 + 120)
@pytest.mark.parametrize("plane", ["region", "control"])
def test_answers_are_as_the_document_says(ground: Ground, plane: str, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION.format(**ground.ids))
    origins = {"control": ground.platform.control_plane, "region": ground.platform.data_planes["eu1"]}

    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "run", f"{origins[plane]}/openapi.json",
            "--checks", "all",
            "--max-time", str(SECONDS), "--request-timeout", "10", "--continue-on-failure", "--no-color",
            "--workers", sized("1", "2"),
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
