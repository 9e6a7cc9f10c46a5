"""What the terminal's fake installation answers about its control plane and the runs that regions hold."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.fakes.installation_rows import NOW, TERMINAL, stamp


def status_route(installation: Any) -> Callable[[Request], Coroutine[Any, Any, Response]]:
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
        return JSONResponse(
            {"now": stamp(NOW), "database": "sqlite", "database_bytes": 12_400_000, "database_answer_seconds": 0.002,
             "disk_total_bytes": 64_000_000_000, "disk_free_bytes": 41_000_000_000, "sessions": 2,
             "pending_count": sum(run["status"] == "pending" for run in installation.runs), "held_count": len(held),
             "next_due_at": stamp(NOW + timedelta(minutes=13)), "due_count": 3, "held": held}
        )  # fmt: skip

    return status
