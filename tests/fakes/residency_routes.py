"""What the terminal's fake installation answers about what is stored where; and another region, which has nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.fakes.installation_rows import EMAIL, NOW, identifier, stamp

from planes.data_plane.services.identity import Identity

_DID = (
    ("log_read", "run-1041", 8), ("variables_resolved", "run-1041", 120), ("deployment_files_listed", "d12", 188),
    ("log_read", "run-1040", 942), ("audit_read", None, 1200),
)  # fmt: skip


def entry(number: int, action: str, about: str | None, seconds: int) -> dict[str, Any]:
    """One access, by Ana or by a run."""
    by_run = action == "variables_resolved"
    return {
        "number": number, "at": stamp(NOW - timedelta(seconds=seconds)), "email": None if by_run else EMAIL,
        "actor": f"run:{identifier('run')}" if by_run else identifier("ana"), "membership_id": None,
        "token_id": "-" if by_run else identifier(f"token-{number // 4}"), "action": action,
        "object_id": identifier(about) if about else None, "details": {"count": 22} if by_run else {},
        "previous_hash": f"{number - 1:064x}", "hash": f"{number:064x}",
    }  # fmt: skip


def residency_routes(installation: Any) -> list[tuple[str, str, Any]]:
    """(method, path, handler). One server is both planes here: a region is asked with its own token."""
    first = 18204

    async def residency(request: Request) -> Response:
        if request.headers.get("authorization", "").startswith("Bearer dp-"):
            return JSONResponse(
                {"dataplane_id": "eu1", "region": "Europe", "counted_at": stamp(NOW), "serves_since": stamp(NOW),
                 "code": {"count": 13, "size_bytes": 2_600_000}, "configuration": {"count": 7, "size_bytes": 18_000},
                 "variables": {"count": 22, "size_bytes": None, "secret_count": 9},
                 "logs": {"count": 9480, "size_bytes": 3_100_000_000}, "results": {"count": 0, "size_bytes": 0},
                 "telemetry": {"count": 9120, "size_bytes": 212_000_000},
                 "artifacts": {"count": 3, "size_bytes": 1_400_000}, "audit_entries": first,
                 "keep_log_days": 90}
            )  # fmt: skip
        names = {"eu1": ("Europe", installation.url), "us1": ("United States", installation.other_url)}
        regions = [{"dataplane_id": name, "place": place, "url": url} for name, (place, url) in names.items()]
        return JSONResponse(
            {"organization_id": identifier("organization/orchard-eu"), "dataplane_id": "eu1",
             "locked_at": stamp(NOW.replace(day=2)), "locked_by": EMAIL, "jobs": 14, "job_versions": 31, "runs": 9482,
             "deployments": 13, "configurations": 7, "pipeline_runs": 9120, "regions": regions}
        )  # fmt: skip

    async def trail(request: Request) -> Response:
        start = int(request.query_params.get("cursor") or 0)
        limit = int(request.query_params["limit"])
        did = [*_DID, *(("log_read", f"run-{n}", n * 400) for n in range(len(_DID), 150))]
        every = [entry(first - n, *what) for n, what in enumerate(did)]
        cursor = str(start + limit) if start + limit < len(every) else None
        items = every[start : start + limit]
        return JSONResponse({"items": items, "limit": limit, "offset": 0, "total": len(every), "next_cursor": cursor})

    async def chain(_request: Request) -> Response:
        broken = installation.broken_at
        return JSONResponse(
            {"entries": first, "is_intact": broken is None, "broken_at": broken, "checked_at": stamp(NOW)}
        )

    async def strictness(request: Request) -> Response:
        if request.method == "PUT":
            installation.bodies.append(("strictness", await request.json()))
        asked = [body["is_strict"] for kind, body in installation.bodies if kind == "strictness"]
        return JSONResponse({"is_strict": bool(asked) and asked[-1]})

    return [
        ("GET", "/own/v1/workspaces/{ws}/strictness", strictness),
        ("PUT", "/own/v1/workspaces/{ws}/strictness", strictness),
        ("GET", "/own/v1/workspaces/{ws}/residency", residency),
        ("GET", "/own/v1/workspaces/{ws}/audit-entries", trail),
        ("GET", "/own/v1/workspaces/{ws}/audit-chain", chain),
    ]


def other_region(installation: Any) -> Starlette:
    """us1, which says who it is and that it has nothing; `silent` makes it fail."""

    async def attest(request: Request) -> Response:
        identity = Identity(installation.keys["us1"], "us1", "United States", installation.other_url)
        answer = identity.attest(request.query_params["nonce"], datetime.now(UTC))
        return Response(answer.model_dump_json(), media_type="application/json")

    async def presence(request: Request) -> Response:
        if "us1" in installation.silent:
            return JSONResponse({"status_code": 503, "code": "busy", "detail": "The region is busy."}, 503)
        organization = request.path_params["org"]
        held = organization in installation.held_elsewhere
        return JSONResponse({"dataplane_id": "us1", "organization_id": organization, "holds_something": held})

    return Starlette(
        routes=[
            Route("/.well-known/data-plane", attest),
            Route("/own/v1/organizations/{org}/presence", presence),
        ]
    )
