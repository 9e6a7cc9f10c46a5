"""The routes of versions that the terminal's fake installation answers; each version has one file more than before."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.fakes.installation_rows import NOW, stamp

NAMES = ("__deployment__.py", "ingest/orders.py", "ingest/customers.py", "transform/daily.py", "requirements.txt")


def version_routes(installation: Any, workspace: str) -> list[tuple[str, str, Any]]:
    """(method, path, handler) of the history, of the files and of rolling back."""
    latest: list[str] = []

    async def list_versions(_request: Request) -> Response:
        rows = list(reversed(installation.deployments))
        current = latest[-1] if latest else rows[0]["id"] if rows else ""
        items = [
            {
                **row,
                "is_latest": row["id"] == current,
                "retired_at": None,
                "deploy": {"job_count": 4} if index != 1 else None,
            }
            for index, row in enumerate(rows)
        ]
        return JSONResponse({"items": items, "limit": 100, "offset": 0, "total": len(items), "next_cursor": None})

    async def roll_back(request: Request) -> Response:
        body = await request.json()
        installation.bodies.append(("roll-back", body))
        if not body["dry_run"]:
            latest.append(body["deployment_id"])
        jobs = installation.jobs[:3]
        outcomes = ("updated", "archived", "unchanged")
        entries = [
            {"job": job, "outcome": outcome, "previous_version": None}
            for job, outcome in zip(jobs, outcomes, strict=False)
        ]
        receipt = {"succeeded": entries[:2], "skipped": entries[2:], "failed": []}
        return JSONResponse({"job_receipt": receipt, "warnings": [], "deployment_module": "__deployment__"})

    async def list_files(request: Request) -> Response:
        rows = [row["id"] for row in installation.deployments]
        version = rows.index(request.path_params["id"])
        files = [
            {
                "relative_path": name,
                "size_bytes": 700 * (index + 1),
                "sha3_256": hashlib.sha3_256(f"{name}{version if index == 1 else 0}".encode()).hexdigest(),
            }
            for index, name in enumerate(NAMES[: 3 + version])
        ]
        return JSONResponse({"engine_version": 1, "files": files})

    async def list_job_versions(request: Request) -> Response:
        """The version before the last had another time limit."""
        job = next(job for job in installation.jobs if job["id"] == request.path_params["job"])
        definition = job["job_definition"]
        before = {**definition, "execute": {**(definition.get("execute") or {}), "timeout": 60}}
        items = [
            {"version": job["version"] - age, "created_at": stamp(NOW - timedelta(days=2 + 30 * age)),
             "created_by": "ana", "definition": before if age else definition}
            for age in range(min(2, job["version"]))
        ]  # fmt: skip
        return JSONResponse({"job_id": job["id"], "items": items})

    own = workspace.replace("/api/v1", "/own/v1")

    async def list_configurations(_request: Request) -> Response:
        rows = list(reversed(installation.configurations))
        return JSONResponse({"items": rows, "limit": 100, "offset": 0, "total": len(rows), "next_cursor": None})

    async def get_own_run(request: Request) -> Response:
        run = next(each for each in installation.runs if each["id"] == request.path_params["run"])
        claimed = datetime.fromisoformat(run["created_at"]) + timedelta(milliseconds=20)
        return JSONResponse({"id": run["id"], "claimed_at": claimed.isoformat() if run["started_at"] else None})

    return [
        ("GET", f"{own}/versions", list_versions),
        ("POST", f"{own}/-roll-back", roll_back),
        ("GET", f"{workspace}/deployments/{{id}}/files", list_files),
        ("GET", f"{workspace}/configurations", list_configurations),
        ("GET", f"{own}/job-runs/{{run}}", get_own_run),
        ("GET", f"{own}/jobs/{{job}}/versions", list_job_versions),
    ]
