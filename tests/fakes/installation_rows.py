"""What the fake installation holds: rows in memory, in the contract's shapes."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.responses import JSONResponse, Response

from planes.server.streams import Stopping
from planes.tokens.keys import SigningKey
from planes.wire.own_jobs import ShortJobResponse, ShortJobRun

NOW = datetime(2026, 3, 17, 14, 1, 52, tzinfo=UTC)
OWNER_KEY = "owner-key-of-the-tests"
EMAIL = "ana@orchard.example"
LAUNCHER = "dlt._workspace.deployment.launchers.job"
TERMINAL = {"completed", "failed", "cancelled", "skipped"}


def identifier(name: str) -> str:
    """The same id for the same name in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def key_of(name: str) -> SigningKey:
    """The same key for the same plane in every run."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


def stamp(at: datetime | None) -> str | None:
    """A time as it stands in answers."""
    return None if at is None else at.isoformat()


@dataclass
class LogOfRun:
    """Lines of one run. `arrive` wakes its followers."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    is_sealed: bool = True
    changed: anyio.Event | None = None
    # The next answer with lines that come is cut off, as by a region that is killed.
    is_cut: bool = False
    # First line, line after the last.
    damage: list[tuple[int, int]] = field(default_factory=list)

    def add(self, content: str, *, stream: str = "stdout", source: str = "user", at: datetime = NOW) -> None:
        """One more line."""
        stage = "build" if source == "setup" else "run"
        self.lines.append(
            {
                "content": content, "io_stream": stream, "line_num": len(self.lines), "reported_at": stamp(at),
                "source": source, "stage": stage,
            }
        )  # fmt: skip


@dataclass
class InstallationRows:
    """What the fake answers from. Tests change it before or while the app looks at it."""

    owner: str | None = EMAIL
    url: str = ""
    socket_path: str = ""
    other_url: str = ""
    # Organizations of which the other region has something that it must not have.
    held_elsewhere: set[str] = field(default_factory=set)
    organizations: list[dict[str, Any]] = field(default_factory=list)
    workspaces: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    configurations: list[dict[str, Any]] = field(default_factory=list)
    variables: list[dict[str, Any]] = field(default_factory=list)
    # Scopes of variables that are not changed: the region is out of disk, say.
    stuck_scopes: set[str | None] = field(default_factory=set)
    alerts: list[dict[str, Any]] | None = None
    sign_ins: list[dict[str, Any]] = field(default_factory=list)
    asked_by_browser: dict[str, str] = field(default_factory=dict)
    logs: dict[str, LogOfRun] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    drained: dict[str, str] = field(default_factory=dict)
    # Regions of a version before, which tell no numbers; the control plane is of one with `None`.
    archives: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    telling: set[str] | None = field(default_factory=lambda: {"eu1", "us1"})
    # Nothing of it answers any more.
    leave: Callable[[], None] = lambda: None
    is_insecure: bool = False
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    bodies: list[tuple[str, Any]] = field(default_factory=list)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    invites: list[dict[str, Any]] = field(default_factory=list)
    # Addresses that nobody known has.
    strangers: set[str] = field(default_factory=lambda: {"eve@else.example"})
    uploaded: list[int] = field(default_factory=list)
    # What the region says that it stored, where that is not what it got.
    stored_hash: str = ""
    refusals: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    device_approved: bool = False
    device_code_state: str = "pending"
    tokens: list[str] = field(default_factory=lambda: ["jwt-1"])
    keys: dict[str, SigningKey] = field(default_factory=lambda: {name: key_of(name) for name in ("eu1", "us1")})
    regions: tuple[str, ...] = ("eu1", "us1")
    challenges: list[str] = field(default_factory=list)
    stopping: Stopping = field(default_factory=Stopping)
    # Where it is set, a search waits for it after each progress.
    search_gate: anyio.Event | None = None
    # Requests whose path has one of these parts wait for it.
    held: dict[str, anyio.Event] = field(default_factory=dict)
    # By run: what was masked in it, how often. A name in capitals is a variable's.
    masked: dict[str, dict[str, int]] = field(default_factory=dict)
    # The first entry of the trail that does not follow from the one before.
    broken_at: int | None = None
    # Runs whose masks are counted only when they are asked for again.
    counted_later: set[str] = field(default_factory=set)
    leak_origin: str = "variable"
    # One's role in every workspace; None: as in the first organization.
    workspace_role: str | None = None
    # What happens each time it is asked how far the last rescrub is; after the last it is done.
    rescrubs: list[Callable[[], None]] = field(default_factory=list)

    def add_organization(self, name: str, dataplane_id: str | None, role: str = "owner") -> dict[str, Any]:
        """An organization, with its region or without."""
        row = {
            "id": identifier(f"organization/{name}"), "name": name, "description": None, "dataplane_id": dataplane_id,
            "created_at": stamp(NOW), "updated_at": stamp(NOW), "role": role,
        }  # fmt: skip
        self.organizations.append(row)
        return row

    def add_workspace(self, organization: dict[str, Any], name: str) -> dict[str, Any]:
        """A workspace in the organization's region."""
        row = {
            "id": identifier(f"workspace/{name}"), "name": name, "description": None,
            "organization_id": organization["id"], "dataplane_id": organization["dataplane_id"],
            "dataplane_url": self.url, "created_at": stamp(NOW), "updated_at": stamp(NOW), "archived_at": None,
            "is_playground": False, "predefined_profiles": {"DATA_WRITE": "prod", "DATA_READ": "access"},
            "member_count": 2, "owner_members": [],
        }  # fmt: skip
        self.workspaces.append(row)
        return row

    def add_job(self, workspace: dict[str, Any], ref: str, triggers: list[str], **more: Any) -> dict[str, Any]:
        """A job; `more` overrides fields of the answer."""
        name = ref.removeprefix("jobs.")
        definition: dict[str, Any] = {
            "engine_version": 2, "job_ref": ref, "description": more.pop("description", None),
            "entry_point": {
                "module": name.split(".")[0], "function": name.split(".")[-1],
                "job_type": more.get("job_type", "batch"), "launcher": LAUNCHER,
            },
            "triggers": triggers, "execute": {"concurrency": 1, "timeout": {"timeout": 7200}},
        }  # fmt: skip
        row: dict[str, Any] = {
            "id": identifier(f"job/{ref}"), "workspace_id": workspace["id"], "job_ref": ref, "job_type": "batch",
            "job_definition": definition, "job_definition_engine_version": 2, "job_definition_hash": "h",
            "profile": "prod", "version": 4, "job_url": None, "public_url": None, "created_at": stamp(NOW),
            "updated_at": stamp(NOW), "created_by": identifier("ana"), "description": definition["description"],
            "triggers": [*triggers, f"manual:{ref}"], "is_paused": False, "is_archived": False,
            "next_scheduled_run_at": None, "name": name, "freshness": [], "pipeline_name": None,
        }  # fmt: skip
        row.update(more)
        self.jobs.append(row)
        return row

    def add_run(
        self, job: dict[str, Any], number: int, status: str, *, ago: float, took: float | None = None, **more: Any
    ) -> dict[str, Any]:
        """A run that began `ago` seconds before now and took `took`."""
        created = NOW - timedelta(seconds=ago)
        started = None if status == "pending" else created + timedelta(milliseconds=58)
        is_over = status in TERMINAL
        finished = created + timedelta(seconds=took or 0) if is_over else None
        rows = more.pop("rows", None)
        summaries = (
            []
            if rows is None
            else [{"pipeline_name": "orders_pipeline", "dataset_name": "orders", "destination_name": "duckdb",
                   "status": "succeeded", "total_rows": rows, "pipeline_run_id": identifier("pipeline-run/0")}]
        )  # fmt: skip
        row: dict[str, Any] = {
            "id": identifier(f"run/{job['job_ref']}/{number}"), "number": number, "status": status,
            "trigger": job["triggers"][0], "profile": "prod", "workspace_id": job["workspace_id"],
            "created_at": stamp(created), "updated_at": stamp(NOW), "started_at": stamp(started),
            "finished_at": stamp(finished), "duration_seconds": took if is_over else None,
            "configuration_id": identifier("configuration/7"), "deployment_id": identifier("deployment/12"),
            "job_version_id": identifier("version"), "logs_url": None, "triggered_by": None,
            "interval_start": None, "interval_end": None, "pipeline_run_summaries": summaries, "job_id": job["id"],
        }  # fmt: skip
        row.update(more)
        self.runs.append(row)
        return row

    def log_of(self, run: dict[str, Any]) -> LogOfRun:
        """The run's log."""
        return self.logs.setdefault(run["id"], LogOfRun())

    def grow(self, run: dict[str, Any], *contents: str) -> None:
        """Lines arrive while somebody may follow. Call it on the server's loop."""
        log = self.log_of(run)
        for content in contents:
            log.add(content)
        if log.changed is not None:
            log.changed.set()

    # ---- views

    def job_view(self, job: dict[str, Any]) -> dict[str, Any]:
        """A DetailedJob."""
        runs = sorted(self._runs_of(job), key=lambda run: run["created_at"], reverse=True)
        recent = [
            {"id": run["id"], "status": run["status"], "duration_seconds": run["duration_seconds"],
             "rows_loaded": None, "started_at": run["started_at"]}
            for run in runs[:10]
        ]  # fmt: skip
        return job | {"latest_job_run": runs[0] if runs else None, "recent_job_runs": recent}

    def job_views(self, workspace_id: str, *, is_short: bool) -> list[dict[str, Any]]:
        """The jobs of a workspace, as the contract lists them or as our own list does."""
        views = [self.job_view(job) for job in self.jobs if job["workspace_id"] == workspace_id]
        return [short_job(view) for view in views] if is_short else views

    def run_view(self, run: dict[str, Any]) -> dict[str, Any]:
        """A DetailedJobRun."""
        job = next(job for job in self.jobs if job["id"] == run["job_id"])
        version = {
            "id": run["job_version_id"], "version": job["version"], "job_id": job["id"], "job_ref": job["job_ref"],
            "job_type": job["job_type"], "max_run_time_seconds": 7200, "profile": "prod", "provider": "local",
            "job_definition": job["job_definition"], "job_definition_engine_version": 2, "job_definition_hash": "h",
            "created_at": stamp(NOW), "updated_at": stamp(NOW), "created_by": identifier("ana"),
        }  # fmt: skip
        return run | {"job": job, "job_version": version}

    def _runs_of(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        return [run for run in self.runs if run["job_id"] == job["id"]]


def error(status: int, code: str, detail: str) -> Response:
    """The body of errors."""
    return JSONResponse({"status_code": status, "code": code, "detail": detail, "extra": None}, status_code=status)


def short_job(job: dict[str, Any]) -> dict[str, Any]:
    """What our own list says of a DetailedJob."""
    definition = job["job_definition"]
    latest = job["latest_job_run"]
    short = {key: job[key] for key in ShortJobResponse.model_fields if key in job}
    return short | {
        "declared_triggers": definition["triggers"],
        "freshness": job["freshness"] or definition.get("freshness", []),
        "timezone": definition.get("require", {}).get("timezone"),
        "timeout_seconds": definition["execute"].get("timeout", {}).get("timeout"),
        "latest_job_run": latest and {key: latest[key] for key in ShortJobRun.model_fields},
        "recent_job_runs": [
            [run["id"], run["status"], run["duration_seconds"], run["rows_loaded"]] for run in job["recent_job_runs"]
        ],
    }
