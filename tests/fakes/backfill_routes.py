"""The routes of backfills that the terminal's fake installation answers: one goes on, one has failed slices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.fakes.installation_rows import NOW, identifier, stamp

_MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
_STATES = ("waiting", "active", "completed", "covered", "failed", "cancelled")


def _backfill(name: str, job: dict[str, Any], start: datetime, slices: list[str], state: str) -> dict[str, Any]:
    def one(position: int, slice_state: str) -> dict[str, Any]:
        begins = start + timedelta(days=position)
        has_run = slice_state in {"active", "completed", "failed"}
        return {
            "position": position, "start": stamp(begins), "end": stamp(begins + timedelta(days=1)),
            "state": slice_state, "run_id": identifier(f"{name}/{position}") if has_run else None,
            "run_number": 1000 + position if has_run else None, "run_status": None,
            "attempt": (2 if slice_state == "failed" else 1) if has_run else None,
        }  # fmt: skip

    return {
        "id": identifier(name), "job_id": job["id"], "job_ref": job["job_ref"], "state": state, "start": stamp(start),
        "end": stamp(start + timedelta(days=len(slices))), "slice": "1d", "parallel": 4, "attempts": 2,
        "wait_seconds": 60, "profile": "prod", "slices_total": len(slices), "created_by": identifier("ana"),
        "created_at": stamp(start + timedelta(days=len(slices))), "finished_at": None,
        "slices": [one(position, slice_state) for position, slice_state in enumerate(slices)],
    }  # fmt: skip


def _counted(row: dict[str, Any]) -> dict[str, Any]:
    states = [each["state"] for each in row["slices"]]
    return row | {"counts": {state: states.count(state) for state in _STATES}}


def backfill_routes(installation: Any) -> list[tuple[str, str, Any]]:
    """(method, path, handler) of the list, of one, of starting, cancelling and resuming."""
    rows: list[dict[str, Any]] = []

    def of_job(job_id: str) -> list[dict[str, Any]]:
        job = next(job for job in installation.jobs if job["id"] == job_id)
        if not rows and job["job_ref"] == "jobs.ingest.load_orders":
            going = ["completed"] * 5 + ["covered", "active", "active"] + ["waiting"] * 4
            rows.append(_backfill("backfill/2", job, _MIDNIGHT - timedelta(days=12), going, "running"))
            broken = ["completed", "failed", "completed", "cancelled"]
            rows.append(_backfill("backfill/1", job, _MIDNIGHT - timedelta(days=40), broken, "failed"))
        return [row for row in rows if row["job_id"] == job_id]

    async def listed(request: Request) -> Response:
        mine = [_counted(row) for row in of_job(request.path_params["job"])]
        return JSONResponse({"items": [{key: row[key] for key in row if key != "slices"} for row in mine]})

    def _row(request: Request) -> dict[str, Any]:
        return next(row for row in rows if row["id"] == request.path_params["id"])

    async def one(request: Request) -> Response:
        return JSONResponse(_counted(_row(request)))

    async def start(request: Request) -> Response:
        body = await request.json()
        installation.bodies.append(("backfills", body))
        job = next(job for job in installation.jobs if job["id"] == request.path_params["job"])
        begins = datetime.fromisoformat(f"{body['start']}T00:00:00+00:00")
        slices = ["waiting" if body.get("dry_run") else "active", *["waiting"] * 30]
        made = _backfill("backfill/3", job, begins, slices, "running") | {"parallel": body["parallel"] or 4}
        if body.get("dry_run"):
            return JSONResponse(_counted(made) | {"id": None}, status_code=201)
        of_job(job["id"])
        rows.insert(0, made)
        return JSONResponse(_counted(made), status_code=201)

    async def cancel(request: Request) -> Response:
        return _changed(request, {"waiting": "cancelled"}, "cancelling")

    async def resume(request: Request) -> Response:
        return _changed(request, {"failed": "waiting", "cancelled": "waiting"}, "running")

    def _changed(request: Request, states: dict[str, str], state: str) -> Response:
        row = _row(request)
        installation.bodies.append((request.url.path.rpartition("-")[2], {"id": row["id"]}))
        for each in row["slices"]:
            each["state"] = states.get(each["state"], each["state"])
        row["state"] = state
        return JSONResponse(_counted(row))

    ws = "/own/v1/workspaces/{ws}"
    return [
        ("GET", f"{ws}/jobs/{{job}}/backfills", listed),
        ("POST", f"{ws}/jobs/{{job}}/backfills", start),
        ("GET", f"{ws}/backfills/{{id}}", one),
        ("POST", f"{ws}/backfills/{{id}}/-cancel", cancel),
        ("POST", f"{ws}/backfills/{{id}}/-resume", resume),
    ]
