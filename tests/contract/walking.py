"""One person's way through all 61 operations, by the released client's own generated code."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.acceptance.installations import Installation, Person
from tests.acceptance.pages import Browser
from tests.acceptance.platforms import wait_until
from tests.contract.client_environment import client_environment
from tests.contract.generated_client import Answer, GeneratedClient
from tests.fakes.archives import pack

LAUNCHERS = "dlt._workspace.deployment.launchers"
NOWHERE = "00000000-0000-4000-8000-000000000000"
ENDED = {"completed", "failed", "cancelled", "skipped"}
WORKS = b"""
import time
import dlt
import dlt.hub.run as run

@run.pipeline("numbers")
def counted(how_many: int = 1):
    pipeline = dlt.pipeline("numbers", destination="duckdb", dataset_name="digits")
    pipeline.run([{"n": n} for n in range(how_many)], table_name="digit")
    return run.result({"rows": how_many}, type="count")

@run.job
def slow():
    time.sleep(600)
"""
CONFIGURATION = b"[jobs.works.counted]\nhow_many = 3\n"


def job_of(name: str, *triggers: str, launcher: str = "job", job_type: str = "batch", **more: Any) -> dict[str, Any]:
    entry_point = {"module": "works", "function": name, "job_type": job_type, "launcher": f"{LAUNCHERS}.{launcher}"}
    return {
        "engine_version": 2, "job_ref": f"jobs.works.{name}", "entry_point": entry_point, "triggers": list(triggers),
        "execute": {}, **more,
    }  # fmt: skip


JOBS = [
    job_of(
        "counted", "every:6h", deliver={"pipeline_name": "numbers"}, description="Counts.",
        expose={"display_name": "Counted numbers", "tags": ["sums"], "category": "pipeline"},
        interval={"start": "2026-01-01T00:00:00Z"}, require={"instance": {"size": "small"}},
    ),
    job_of("slow", execute={"timeout": {"timeout": 900, "grace_period": 1}}),
    job_of("after", "job.success:jobs.works.counted", freshness=["job.is_fresh:jobs.works.counted"]),
    job_of("board", "http:", launcher="marimo", job_type="interactive", expose={"interface": "gui"}),
]  # fmt: skip


@dataclass
class Walk:
    """Where somebody is on the way; `answers` are looked at by the tests. `code` and `configuration` are uploaded."""

    client: GeneratedClient
    installation: Installation
    person: Person
    jwt: str = ""
    code: Mapping[str, bytes] = field(default_factory=lambda: {"works.py": WORKS})
    configuration: Mapping[str, bytes] = field(default_factory=lambda: {"prod.config.toml": CONFIGURATION})
    more_jobs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    workspace: dict[str, Any] = field(default_factory=dict[str, Any])
    answers: list[tuple[str, int, Answer]] = field(default_factory=list[tuple[str, int, Answer]])

    @property
    def control_plane(self) -> str:
        return self.installation.platform.control_plane

    @property
    def workspace_id(self) -> str:
        return self.workspace["id"]

    def ask(self, operation: str, expected: int = 200, **arguments: Any) -> Any:
        """On the control plane, signed in."""
        return self._kept(operation, expected, base_url=self.control_plane, token=self.jwt or None, **arguments)

    def ask_workspace(self, operation: str, expected: int = 200, **arguments: Any) -> Any:
        return self.ask(operation, expected, workspace_id=self.workspace_id, **arguments)

    def ask_region(self, operation: str, expected: int = 200, *, token: str | None = None, **arguments: Any) -> Any:
        """On the data plane, with a fresh token of the workspace unless another is given."""
        token = token or self.ask_workspace("issue_dataplane_token_workspace")["token"]
        return self._kept(
            operation, expected, base_url=self.workspace["dataplane_url"], token=token,
            workspace_id=self.workspace_id, **arguments,
        )  # fmt: skip

    def _kept(self, operation: str, expected: int, **arguments: Any) -> Any:
        answer = self.client.call(operation, **arguments)
        self.answers.append((operation, expected, answer))
        assert answer.status == expected, (operation, answer.status, answer.body)
        return answer.body


def sign_in(walk: Walk) -> None:
    """Operations 1 to 7."""
    codes = walk.ask("issue_device_code_session")
    body = {"device_code": codes["device_code"]}
    walk.ask("redeem_device_code_session", 403, body=body)
    walk.ask("redeem_device_code_session", 400, body={"device_code": "unknown"})
    walk.installation.platform.admin("approve", codes["user_code"], "--user", walk.person.email)
    session = walk.ask("redeem_device_code_session", body=body)
    other = _sign_in_by_page(walk)
    renewed = walk.ask("refresh_session", body={"refresh_token": other["refresh_token"]})
    walk.ask("issue_swap_code_session", body={"refresh_token": renewed["refresh_token"]})
    walk.ask("revoke_session", 204, body={"refresh_token": renewed["refresh_token"]})
    walk.ask("refresh_session", 401, body={"refresh_token": renewed["refresh_token"]})
    walk.ask("issue_swap_code_session", 401, body={"refresh_token": renewed["refresh_token"]})
    walk.jwt = session["jwt"]


def _sign_in_by_page(walk: Walk) -> dict[str, Any]:
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    wish = {"redirect_uri": "http://127.0.0.1:53111/callback", "code_challenge": challenge, "state": "s"}
    walk.ask("issue_authorization_url_session", 400, body={**wish, "redirect_uri": "https://evil.example/"})
    url = walk.ask("issue_authorization_url_session", body=wish)["authorization_url"]
    with Browser(walk.control_plane) as browser:
        browser.open(url)
        sent = browser.send(decision="approve", email=walk.person.email, password=walk.person.password)
        assert sent.status_code == 303, sent.text
    code = parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
    walk.ask("redeem_authorization_code_session", 400, body={"code": code, "code_verifier": "w" * 64})
    url = walk.ask("issue_authorization_url_session", body=wish)["authorization_url"]
    with Browser(walk.control_plane) as browser:
        browser.open(url)
        sent = browser.send(decision="approve", email=walk.person.email, password=walk.person.password)
    code = parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
    return walk.ask("redeem_authorization_code_session", body={"code": code, "code_verifier": verifier})


def settle(walk: Walk) -> None:
    """Operations 8 to 22."""
    organization_id = walk.ask("get_me")["primary_organization"]["id"]
    within = {"organization_id": organization_id}
    walk.ask("list_organizations", limit=10, offset=0, sort=["name", "created_at"], order=["asc", "desc"])
    walk.ask("get_organization", **within)
    walk.ask("get_organization", 404, organization_id=NOWHERE)
    walk.ask("get_organization_me", **within)
    walk.ask("list_dataplanes")
    new = {"name": "walk", "description": None}
    walk.ask("create_workspace", 409, **within, body=new)
    walk.ask("set_region_organization", 400, **within, body={"dataplane_id": "nowhere"})
    walk.ask("set_region_organization", **within, body={"dataplane_id": "eu1"})
    walk.ask("set_region_organization", 409, **within, body={"dataplane_id": "us1"})
    walk.workspace = walk.ask("create_workspace", 201, **within, body=new)
    me = walk.ask("get_me")
    assert me["latest_workspace"]["organization_id"] == organization_id
    listed = walk.ask("list_workspaces", **within, include_archived=True, sort=["name"], order=["desc"])["items"]
    playground = next(item["id"] for item in listed if item["is_playground"])
    walk.ask("update_workspace", 400, workspace_id=playground, body={"name": "other"})
    walk.ask("archive_workspace", 400, workspace_id=playground)
    walk.ask_workspace("get_workspace")
    walk.ask_workspace("update_workspace", body={"name": "walked", "description": "All of it."})
    walk.ask_workspace("archive_workspace")
    walk.ask_workspace("archive_workspace", 409)
    walk.ask_workspace("update_workspace", 409, body={"name": "late"})
    assert walk.workspace_id not in [item["id"] for item in walk.ask("list_workspaces", **within)["items"]]
    walk.ask_workspace("unarchive_workspace")
    walk.ask_workspace("unarchive_workspace", 409)
    walk.ask_workspace("get_workspace_me")
    walk.ask_workspace("list_workspace_members", kind=["human", "managed", "service_account"], sort=["email"],
                       order=["asc"])  # fmt: skip


def upload(walk: Walk) -> None:
    """Operations 24 to 31, and 46 to 51 on the data plane."""
    for kind, files in (
        ("deployment", {**walk.code, "__deployment__.py": b"from works import *\n"}),
        ("configuration", walk.configuration),
    ):
        walk.ask_workspace(f"get_{kind}_latest", 404)
        ticket = walk.ask_workspace(f"issue_upload_{kind}")
        named = {f"{kind}_id": ticket[f"{kind}_id"]}
        walk.ask_workspace(f"get_{kind}", 404, **named)
        body = {"file": _part("files.tar.gz", "application/x-tar", pack(files))}
        if kind == "deployment":
            body["requirements_file"] = _part("requirements.json", "application/json", _requirements())
        walk.ask_region(f"upload_{kind}", token=ticket["upload_token"], body=body, **named)
        walk.ask_region(f"upload_{kind}", 401, token=ticket["upload_token"], body=body, **named)
        walk.ask_workspace(f"get_{kind}", **named)
        walk.ask_workspace(f"get_{kind}_latest")
        found = walk.ask_workspace(f"list_{kind}s", version=1, sort=["version"], order=["asc"])
        assert (found["total"], walk.ask_workspace(f"list_{kind}s", version=2)["total"]) == (1, 0)
        walk.ask_region(f"get_{kind}_files", **named)
        walk.ask_region(f"get_{kind}_files", 404, **{f"{kind}_id": NOWHERE})
    upserts = [{"name": "PLAIN", "type": "plain", "value": "shown"}, {"name": "HIDDEN", "type": "secret",
               "value": secrets.token_urlsafe(24)}]  # fmt: skip
    walk.ask_region("update_workspace_variables", body={"profile": "prod", "upserts": upserts})
    walk.ask_region("update_workspace_variables", body={"profile": None, "deletes": ["NEVER_SET"]})
    walk.ask_region("update_workspace_variables", 400, body={"profile": None, "upserts": [
                    {"name": "RUNTIME__RUN_ID", "type": "plain", "value": "x"}]})  # fmt: skip
    walk.ask_region("list_workspace_variables")
    walk.ask_region("list_workspace_variables", scope_profile="prod")
    walk.ask_region("list_workspace_variables", is_workspace_scope=True)


def _part(file_name: str, mime_type: str, content: bytes) -> dict[str, str]:
    return {"file_name": file_name, "mime_type": mime_type, "content": base64.b64encode(content).decode()}


def _requirements() -> bytes:
    words = [str(client_environment().python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    python = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
    dlt = {"name": "dlt", "extras": ["duckdb"], "version": "1.31.0", "mode": "pypi"}
    return json.dumps({
        "engine_version": 2, "python_version": python, "dlt_version": dlt, "default_groups": ["main"],
        "groups": {"main": ["dlt[duckdb]==1.31.0"]}, "launcher_requirements": {f"{LAUNCHERS}.job": []},
    }).encode()  # fmt: skip


def deploy(walk: Walk) -> dict[str, str]:
    """Operations 23 and 32 to 40; the ids of the jobs by name."""
    body = {
        "job_definition_engine_version": 2, "job_definition_hash": "h", "jobs": [*JOBS, *walk.more_jobs],
        "dry_run": True, "deployment_module": "__deployment__", "description": "Walks.",
    }  # fmt: skip
    walk.ask_workspace("deploy_workspace", body=body)
    walk.ask_workspace("deploy_workspace", body={**body, "dry_run": False})
    walk.ask_workspace("deploy_workspace", body={**body, "dry_run": False})
    walk.ask_workspace("deploy_workspace", 400, body={**body, "jobs": [job_of("bad", "schedule:never")]})
    listed = walk.ask_workspace("list_jobs", is_archived=False, recent_job_runs_limit=3, downstream_job_runs_limit=3)
    jobs = {item["job_ref"].rpartition(".")[2]: item["id"] for item in listed["items"]}
    everything = {
        "q": "counted", "ref": "jobs.works.counted", "job_type": ["batch", "stream"], "is_archived": False,
        "is_paused": False, "profile": ["prod"], "pipeline_name": ["numbers"], "trigger_kind": ["every", "schedule"],
        "is_self_firing": True, "category": ["pipeline"], "exclude_category": ["dashboard", "mcp"], "tags": ["sums"],
        "timezone": "Europe/Berlin", "sort": ["created_at", "last_run_at", "last_run_ended_at", "name",
        "next_scheduled_run_at"], "order": ["asc", "desc", "asc", "desc", "asc"], "recent_job_runs_limit": 1,
        "downstream_job_runs_limit": 1, "downstream_job_runs_category": "background_agent",
    }  # fmt: skip
    assert walk.ask_workspace("list_jobs", **everything)["total"] == 1
    walk.ask_workspace("get_job", job_id=jobs["counted"], recent_job_runs_limit=2)
    walk.ask_workspace("get_job", 404, job_id=NOWHERE)
    for step, back in (("pause", "resume"), ("archive", "unarchive")):
        for verb in (step, step, back, back):
            # the archived is unarchived again: each may run twice
            walk.ask_workspace(f"{verb}_job", job_id=jobs["counted"])
    walk.ask_workspace("pause_job", 400, job_id=jobs["slow"])
    first = walk.ask_workspace("publish_job", job_id=jobs["board"])["public_secret"]
    assert walk.ask_workspace("publish_job", job_id=jobs["board"])["public_secret"] != first
    walk.ask_workspace("publish_job", 400, job_id=jobs["slow"])
    assert walk.ask_workspace("unpublish_job", job_id=jobs["board"])["public_url"] is None
    return jobs


def run(walk: Walk, jobs: dict[str, str]) -> str:
    """Operations 34 and 41 to 45; the id of a run that loaded something."""
    walk.ask_workspace("trigger_jobs", body={"selectors": ["tag:sums", "batch"], "dry_run": True})
    walk.ask_workspace("trigger_jobs", 400, body={})
    fired = walk.ask_workspace("trigger_jobs", body={"job_ids": [jobs["counted"], NOWHERE], "profile": "prod"})
    assert [item["ref"] for item in fired["failed"]] == [NOWHERE]
    run_id = fired["succeeded"][0]["job_run"]["id"]
    _cancel(walk, jobs["slow"])

    def has_ended() -> bool:
        return walk.ask_workspace("get_job_run", job_run_id=run_id)["status"] in ENDED

    wait_until(has_ended, 300, "the run does not end")
    ended = walk.ask_workspace("get_job_run", job_run_id=run_id)
    assert ended["status"] == "completed", walk.ask_region("get_job_run_logs", job_run_id=run_id)
    walk.ask_workspace("get_job_run", 404, job_run_id=NOWHERE)
    everything = {
        "q": "numbers", "status": ["completed", "failed"], "number": 1, "job_id": jobs["counted"],
        "job_type": ["batch"], "trigger": [ended["trigger"]], "trigger_kind": ["every"],
        "triggered_by": [ended["triggered_by"]], "profile": ["prod"], "min_duration_seconds": 0.001,
        "max_duration_seconds": 3000.0, "timezone": "Europe/Berlin", "include_system_job_runs": True,
        "sort": ["created_at", "duration_seconds", "finished_at", "number", "started_at"],
        "order": ["asc", "desc", "asc", "desc", "asc"], "downstream_job_runs_limit": 5,
        "downstream_job_runs_category": "background_agent",
    }  # fmt: skip
    assert [item["id"] for item in walk.ask_workspace("list_job_runs", **everything)["items"]] == [run_id]
    following = walk.ask_workspace("list_job_runs", previous_job_run_id=run_id)["items"]
    assert [item["job"]["job_ref"] for item in following] == ["jobs.works.after"]
    walk.ask_workspace("list_jobs", recent_job_runs_limit=3, downstream_job_runs_limit=3)
    return run_id


def _cancel(walk: Walk, job_id: str) -> None:
    begin = {"job_id": job_id, "trigger": "manual:"}
    run_id = walk.ask_workspace("create_job_run", 201, body=begin)["id"]
    again = walk.ask_workspace("create_job_run", body={**begin, "mode": "when_not_running"})
    assert again["id"] == run_id
    walk.ask_workspace("create_job_run", 409, body=begin)
    walk.ask_workspace("create_job_run", 400, body={**begin, "trigger": "nonsense:"})
    walk.ask_workspace("create_job_run", 404, body={**begin, "job_id": NOWHERE})
    preview = walk.ask_workspace("cancel_job_runs", body={"job_run_ids": [run_id, NOWHERE], "dry_run": True})
    assert (len(preview["succeeded"]), len(preview["failed"])) == (1, 1)
    assert walk.ask_workspace("cancel_job_run", job_run_id=run_id)["status"] in {"cancelling", "cancelled"}

    def is_cancelled() -> bool:
        return walk.ask_workspace("get_job_run", job_run_id=run_id)["status"] == "cancelled"

    wait_until(is_cancelled, 60, "the run is not cancelled")
    walk.ask_workspace("cancel_job_run", 409, job_run_id=run_id)
    receipt = walk.ask_workspace("cancel_job_runs", body={"job_run_ids": [run_id]})
    assert [item["previous_status"] for item in receipt["skipped"]] == ["cancelled"]


def read(walk: Walk, run_id: str) -> None:
    """Operations 52 to 61."""
    lines = walk.ask_region("get_job_run_logs", job_run_id=run_id)
    assert walk.ask_region("get_job_run_log_stream", job_run_id=run_id).count("event: log") == len(lines.splitlines())
    walk.ask_region("get_job_run_logs", 404, job_run_id=NOWHERE)
    assert walk.ask_region("get_workspace_watermark")["updated_at"] is not None
    everything = {
        "q": "numb", "status": ["succeeded"], "pipeline_name": ["numbers"], "dataset_name": ["digits"],
        "destination_name": ["duckdb"], "job_run_id": [run_id], "is_empty_run": False, "start": "2020-01-01T00:00:00",
        "end": "2999-01-01T00:00:00", "timezone": "Europe/Berlin", "sort": ["duration_ms", "finished_at", "started_at",
        "total_bytes_loaded", "total_rows_loaded"], "order": ["asc", "desc", "asc", "desc", "asc"],
    }  # fmt: skip
    (found,) = walk.ask_region("list_pipeline_runs", **everything)["items"]
    walk.ask_region("get_pipeline_run", pipeline_run_id=found["id"])
    walk.ask_region("get_pipeline_run_trace", pipeline_run_id=found["id"])
    walk.ask_region("get_pipeline_run", 404, pipeline_run_id=NOWHERE)
    walk.ask_region("get_pipeline_run_trace", 404, pipeline_run_id=NOWHERE)
    assert walk.ask_region("get_job_run_result", job_run_id=run_id)["result"] == {"rows": 3}
    walk.ask_region("get_job_run_result_trace", job_run_id=run_id)
    walk.ask_region("get_job_run_result", 404, job_run_id=NOWHERE)
    walk.ask_region("get_job_run_result_trace", 404, job_run_id=NOWHERE)
    for subject in ("pipeline", "dataset"):
        everything = {
            "start": "2020-01-01T00:00:00", "end": "2999-01-01T00:00:00", "timezone": "Europe/Berlin",
            "latest_status": ["succeeded"], "latest_destination_name": ["duckdb"], "order": ["asc"] * 6,
            f"{subject}_name": ["numbers" if subject == "pipeline" else "digits"],
            "sort": ["average_duration_ms", "latest_pipeline_run_at", f"{subject}_name", "success_ratio",
                     "total_pipeline_run_count", "total_rows_loaded"],
        }  # fmt: skip
        assert walk.ask_region(f"list_{subject}_stats", **everything)["total"] == 1
        walk.ask_region(f"list_{subject}_stats")
