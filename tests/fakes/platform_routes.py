"""What the terminal's fake installation answers about its control plane and the runs that regions hold."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.fakes.installation_rows import NOW, TERMINAL, identifier, stamp


def platform_routes(installation: Any) -> list[tuple[str, str, Callable[[Request], Coroutine[Any, Any, Response]]]]:
    """Of the control plane itself."""
    return [
        ("GET", "/own/v1/status", _status_route(installation)),
        ("GET", "/own/v1/workspaces/{ws}/rows-loaded", _rows_route(installation)),
        ("POST", "/own/v1/data-planes/{region}/-{verb}", _upkeep_route(installation)),
        ("POST", "/auth/v1/sessions/-revoke", _end_session),
        *_environment_routes(installation),
    ]


async def _end_session(_request: Request) -> Response:
    return Response(status_code=204)


def _status_route(installation: Any) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """The handler."""

    async def status(_request: Request) -> Response:
        places = {item["id"]: item for item in installation.workspaces}
        refs = {job["id"]: job["job_ref"] for job in installation.jobs}
        held = [
            {"run_id": run["id"], "run_number": run["number"], "job_ref": refs[run["job_id"]],
             "workspace_id": run["workspace_id"], "workspace_name": places[run["workspace_id"]]["name"],
             "dataplane_id": (region := places[run["workspace_id"]]["dataplane_id"]), "status": run["status"],
             "fence": 1, "left_seconds": None if region in installation.silent else 18.0}
            for run in installation.runs
            if run["status"] not in {*TERMINAL, "pending"}
        ]  # fmt: skip
        told = installation.telling
        regions = {} if told is None else {"regions": [_region(installation, name) for name in installation.regions]}
        return JSONResponse(
            {**regions, "now": stamp(NOW), "started_at": stamp(NOW - timedelta(days=6)),
             "database": "sqlite", "database_bytes": 12_400_000, "database_answer_seconds": 0.002,
             "disk_total_bytes": 64_000_000_000, "disk_free_bytes": 41_000_000_000, "sessions": 2,
             "signing_key_at": stamp(NOW - timedelta(days=12)),
             "pending_count": sum(run["status"] == "pending" for run in installation.runs), "held_count": len(held),
             "next_due_at": stamp(NOW + timedelta(minutes=13)), "due_count": 3, "held": held}
        )  # fmt: skip

    return status


def _rows_route(installation: Any) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """What a workspace's runs loaded since a moment."""

    async def rows_loaded(request: Request) -> Response:
        since, place = datetime.fromisoformat(request.query_params["since"]), request.path_params["ws"]
        mine = (run for run in installation.runs if run["workspace_id"] == place)
        loaded = [run for run in mine if datetime.fromisoformat(run["created_at"]) >= since]
        return JSONResponse(
            {"rows": sum(each["total_rows"] for run in loaded for each in run["pipeline_run_summaries"])}
        )

    return rows_loaded


def _upkeep_route(installation: Any) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """Drains, resumes and cleans a region."""

    async def tend(request: Request) -> Response:
        name, verb = request.path_params["region"], request.path_params["verb"]
        if verb == "drain":
            installation.drained.setdefault(name, stamp(NOW))
        elif verb == "resume":
            installation.drained.pop(name, None)
        installation.bodies.append((f"{verb} {name}", {}))
        drained_at = installation.drained.get(name)
        return JSONResponse({"dataplane_id": name, "drained_at": drained_at, "clean_before": None})

    return tend


def _environment_routes(installation: Any) -> list[tuple[str, str, Callable[[Request], Coroutine[Any, Any, Response]]]]:
    """A region's environments: one of the newest code, one that a notebook runs in, one of older code."""

    def use(name: str, runs: int, number: int, days: float) -> dict[str, Any]:
        return {"job_ref": f"jobs.{name}", "runs": runs, "last_number": number,
                "last_at": stamp(NOW - timedelta(days=days))}  # fmt: skip

    rows = [
        {"key": "a" * 24, "python_version": "3.11", "requirements": ["dlt[duckdb]==1.28.2", "duckdb==1.4.0"],
         "size_bytes": 412_000_000, "built_at": stamp(NOW - timedelta(days=20)), "used_at": stamp(NOW),
         "is_current": True, "in_use_by": [],
         "jobs": [use("ingest.load_orders", 1040, 1041, 0), use("ingest.load_stock", 160, 310, 0.04)]},
        {"key": "b" * 24, "python_version": "3.11", "requirements": ["marimo", "dlt==1.28.2"],
         "size_bytes": 630_000_000, "built_at": stamp(NOW - timedelta(days=9)),
         "used_at": stamp(NOW - timedelta(hours=2)), "is_current": True,
         "in_use_by": [{"run_id": identifier("run"), "job_ref": "jobs.notebooks.orders", "number": 7}],
         "jobs": [use("notebooks.orders", 7, 7, 0.08)]},
        {"key": "c" * 24, "python_version": "3.12", "requirements": ["dlt==1.27.0"], "size_bytes": 388_000_000,
         "built_at": stamp(NOW - timedelta(days=60)), "used_at": stamp(NOW - timedelta(days=9)),
         "is_current": False, "in_use_by": [], "jobs": [use("backfill.orders_2024", 4, 4, 9)]},
    ]  # fmt: skip

    async def listed(request: Request) -> Response:
        mine = request.path_params["ws"] == installation.workspaces[0]["id"]
        return JSONResponse({"items": rows if mine else [], "keep_days": 30})

    async def remove(request: Request) -> Response:
        key = request.path_params["key"]
        installation.bodies.append(("remove-environment", key))
        rows[:] = [row for row in rows if row["key"] != key]
        return Response(status_code=204)

    path = "/own/v1/workspaces/{ws}/environments"
    return [("GET", path, listed), ("DELETE", path + "/{key}", remove)]


def _region(installation: Any, name: str) -> dict[str, Any]:
    is_silent, factor = name in installation.silent, 2 if name == "eu1" else 1
    numbers = {
        "version": "0.1.0", "started_at": stamp(NOW - timedelta(days=6)), "slots": 8, "runners": factor,
        "warm": factor - 1, "warm_bytes": (factor - 1) * 77_000_000, "disk_total_bytes": 64_000_000_000,
        "disk_free_bytes": 41_000_000_000, "database_bytes": 88_000_000,
        "measured_at": stamp(NOW - timedelta(minutes=4)),
        "environments": factor + 1, "environments_used_at": stamp(NOW - timedelta(hours=2)),
        "environments_bytes": 1_430_000_000, "caches_bytes": 212_000_000, "runs_bytes": factor * 640_000_000,
        "data_bytes": 310_000_000, "code_bytes": 4_200_000, "blobs_bytes": 9_300_000,
        "master_key_at": stamp(NOW - timedelta(days=6)),
        "runs": [
            {"run_id": run["id"], "pid": 40_112 + position, "memory_bytes": 212_000_000, "processor_percent": 62}
            for position, run in enumerate(installation.runs)
            if run["status"] == "running"
        ],
    }  # fmt: skip
    return {
        "dataplane_id": name,
        "polled_at": stamp(NOW - timedelta(seconds=120 if is_silent else 2)),
        "organizations": sum(each["dataplane_id"] == name for each in installation.organizations),
        "numbers": numbers if name in installation.telling else None,
        "is_doubled": name in installation.doubled,
    }
