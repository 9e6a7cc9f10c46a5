"""A platform whose workspace has one of everything, for who asks all of its published routes."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from tests.acceptance.installations import open_home
from tests.acceptance.platforms import PlatformProcess, serving, wait_until
from tests.fakes.archives import REQUIREMENTS, pack
from tests.fakes.control_stage import definition

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
        answer = httpx.request(method, url, headers=headers, timeout=240, trust_env=False, **rest)
        assert answer.is_success, answer.text
        return answer.json()

    def upload(self, kind: str, files: dict[str, Any]) -> None:
        ticket = self.ask("POST", f"/workspaces/{{workspace_id}}/{kind}s/-issue-upload")
        self.ids[f"{kind}_id"] = ticket[f"{kind}_id"]
        headers = {"authorization": f"Bearer {ticket['upload_token']}"}
        answer = httpx.post(ticket["upload_url"], files=files, headers=headers, timeout=240, trust_env=False)
        assert answer.status_code == 200, answer.text

    def run(self) -> None:
        """A run that is over, with a log, as there is no such Python; other streams wait for a lease (Borders: 1)."""
        body = {"job_id": self.ids["job_id"], "trigger": "manual:"}
        self.ids["run_id"] = self.ask("POST", "/workspaces/{workspace_id}/job-runs", json=body)["id"]
        path = "/workspaces/{workspace_id}/job-runs/{run_id}"
        wait_until(lambda: self.ask("GET", path)["finished_at"] is not None, 120)


@contextmanager
def published_ground() -> Generator[Ground]:
    """It runs until the block ends, and has said nothing of a failure by then."""
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
        assert platform.failures() == []


def _sign_in(platform: PlatformProcess) -> dict[str, str]:
    url = f"{platform.control_plane}/auth/v1/sessions"
    codes = httpx.post(f"{url}/-issue-device-code", trust_env=False, timeout=240).json()
    platform.admin("approve", codes["user_code"], "--user", OWNER)
    body = {"device_code": codes["device_code"]}
    return httpx.post(f"{url}/-redeem-device-code", json=body, trust_env=False, timeout=240).json()
