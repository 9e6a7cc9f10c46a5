"""Members, keys and pipelines that the terminal's fake installation answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.fakes.installation_rows import EMAIL, NOW, identifier, stamp
from tests.fakes.settings_routes import settings_routes

Routes = list[tuple[str, str, Any]]


def _page(items: list[dict[str, Any]]) -> Response:
    return JSONResponse({"items": items, "limit": 100, "offset": 0, "total": len(items), "next_cursor": None})


def _member(email: str, role: str) -> dict[str, Any]:
    return {"id": identifier(f"member/{email}"), "user_id": identifier(email), "email": email, "name": None,
            "organization_membership_id": identifier(f"membership/{email}"), "role": role}  # fmt: skip


def _key(name: str, role: str | None, days: int) -> dict[str, Any]:
    return {"id": identifier(f"key/{name}"), "name": name, "role": role, "user_id": identifier(EMAIL),
            "workspace_id": None, "created_at": stamp(NOW - timedelta(days=2)), "last_used_at": None,
            "expires_at": stamp(NOW + timedelta(days=days))}  # fmt: skip


def team_routes(installation: Any, workspace: str) -> Routes:
    """(method, path, handler) of members and of both kinds of keys."""
    members = [
        _member(EMAIL, "owner"),
        _member("ben@orchard.example", "developer"),
        _member("cy@orchard.example", "viewer"),
    ]
    keys: dict[str, list[dict[str, Any]]] = {
        "workspace": [_key("ci", "developer", 88)],
        "own": [_key("laptop", None, 20)],
    }
    own_ws = workspace.replace("/api/v1", "/own/v1")

    async def role(_request: Request) -> Response:
        role = installation.workspace_role or installation.organizations[0]["role"]
        return JSONResponse({"workspace_role": role})

    async def get_workspace(request: Request) -> Response:
        found = (item for item in installation.workspaces if item["id"] == request.path_params["ws"])
        return JSONResponse(next(found))

    async def list_members(_request: Request) -> Response:
        return _page(members)

    async def add(request: Request) -> Response:
        body = await request.json()
        if body["email"] in installation.strangers:
            detail = {"detail": "Ask an administrator to add this user first.", "code": "unknown_user"}
            return JSONResponse({"status_code": 400, "extra": None, **detail}, 400)
        installation.bodies.append(("members", body))
        members.append(_member(body["email"], body["role"]))
        return JSONResponse(members[-1])

    async def change(request: Request) -> Response:
        body = await request.json()
        installation.bodies.append(("role", body))
        next(item for item in members if item["id"] == request.path_params["id"])["role"] = body["role"]
        return JSONResponse({})

    async def remove(request: Request) -> Response:
        members[:] = [item for item in members if item["id"] != request.path_params["id"]]
        return Response(status_code=204)

    def of(kind: str) -> Routes:
        path = f"{own_ws}/api-keys" if kind == "workspace" else "/own/v1/api-keys"

        async def listed(_request: Request) -> Response:
            return JSONResponse({"items": keys[kind]})

        async def create(request: Request) -> Response:
            body = await request.json()
            installation.bodies.append(("keys", body))
            keys[kind].append(_key(body["name"], body.get("role"), body["expires_in_days"]))
            return JSONResponse(keys[kind][-1] | {"api_key": "dlt_" + "sa_" + identifier("key").replace("-", "")})

        async def revoke(request: Request) -> Response:
            keys[kind][:] = [item for item in keys[kind] if item["id"] != request.path_params["id"]]
            return Response(status_code=204)

        return [("GET", path, listed), ("POST", path, create), ("DELETE", f"{path}/{{id}}", revoke)]

    return [
        ("GET", workspace, get_workspace),
        *settings_routes(own_ws),
        ("GET", f"{workspace}/me", role),
        ("GET", f"{workspace}/members", list_members),
        ("POST", f"{own_ws}/members", add),
        ("PATCH", f"{own_ws}/members/{{id}}", change),
        ("DELETE", f"{own_ws}/members/{{id}}", remove),
        *invite_routes(installation),
        *of("workspace"),
        *of("own"),
    ]


def invite_routes(installation: Any) -> Routes:
    """(method, path, handler) of an organization's invites and of a workspace's; none wait at first."""

    def made(invite: dict[str, Any], number: int) -> Response:
        url = f"https://orchard.example/invite?link={number}" + "0123456789abcdef" * 3
        return JSONResponse({"member": None, "invite": invite, "invite_url": url})

    async def listed(_request: Request) -> Response:
        return _page(installation.invites)

    async def send(request: Request) -> Response:
        body = await request.json()
        installation.bodies.append(("invites", body))
        installation.invites.append(
            {"role": "collaborator", "workspaces": [], "organization_id": request.path_params.get("org", "")} | body |
            {"id": identifier(f"invite/{body['email']}"), "invited_by": EMAIL, "created_at": stamp(NOW),
             "expires_at": stamp(NOW + timedelta(days=3))}
        )  # fmt: skip
        return made(installation.invites[-1], 1)

    async def again(request: Request) -> Response:
        found = (each for each in installation.invites if each["id"] == request.path_params["id"])
        return made(next(found), 2)

    async def revoke(request: Request) -> Response:
        installation.invites[:] = [each for each in installation.invites if each["id"] != request.path_params["id"]]
        return Response(status_code=204)

    return [
        route
        for path in ("/own/v1/organizations/{org}/invites", "/own/v1/workspaces/{ws}/invites")
        for route in (
            ("GET", path, listed),
            ("POST", path, send),
            ("POST", f"{path}/{{id}}/-issue-link", again),
            ("DELETE", f"{path}/{{id}}", revoke),
        )
    ]


def telemetry_routes(installation: Any) -> Routes:
    """(method, path, handler) of pipelines, their runs and one run."""
    base = "/telemetry/v1/workspaces/{ws}"

    def run(number: int, *, failed: bool = False) -> dict[str, Any]:
        at = NOW - timedelta(minutes=15 * number)
        return {"id": identifier(f"pipeline-run/{number}"), "pipeline_name": "orders_pipeline", "created_at": stamp(at),
                "updated_at": stamp(at), "started_at": stamp(at), "status": "failed" if failed else "succeeded",
                "duration_ms": 9_000 if failed else 41_000 + 3_000 * (number % 4), "dataset_name": "orders",
                "destination_name": "duckdb", "total_rows_loaded": 0 if failed else 12_000 - 90 * number,
                "total_bytes_loaded": 0 if failed else 1_900_000, "has_schema_migration": number == 3,
                "error_step": "extract" if failed else None,
                "error_message": "KeyError: 'customer_id'" if failed else None}  # fmt: skip

    runs = [run(number, failed=number == 1) for number in range(12)]

    async def stats(_request: Request) -> Response:
        if not installation.jobs:
            return _page([])
        other = {"pipeline_name": "stock_pipeline", "total_pipeline_run_count": 7, "succeeded_pipeline_run_count": 7,
                 "success_ratio": 1.0, "total_bytes_loaded": 90_000, "total_rows_extracted": 4_120,
                 "total_rows_loaded": 4_120, "average_duration_ms": 22_000, "latest_status": "succeeded",
                 "latest_pipeline_run_at": stamp(NOW - timedelta(hours=3)), "latest_dataset_name": "stock",
                 "latest_destination_name": "filesystem"}  # fmt: skip
        rows = sum(each["total_rows_loaded"] for each in runs)
        mine = other | {"pipeline_name": "orders_pipeline", "total_pipeline_run_count": 12, "success_ratio": 11 / 12,
                        "total_rows_loaded": rows, "average_duration_ms": 44_000, "total_bytes_loaded": 20_900_000,
                        "latest_pipeline_run_at": stamp(NOW), "latest_dataset_name": "orders",
                        "latest_destination_name": "duckdb"}  # fmt: skip
        return _page([mine, other])

    async def datasets(_request: Request) -> Response:
        return _page([{"dataset_name": "orders", "table_count": 3}, {"dataset_name": "stock", "table_count": 1}])

    async def listed(request: Request) -> Response:
        return _page(runs if request.query_params.get("pipeline_name") != "stock_pipeline" else [])

    async def one(request: Request) -> Response:
        found = next(each for each in runs if each["id"] == request.path_params["id"])
        tables = [
            {"table_name": name, "rows_loaded": rows, "bytes_loaded": size, "load_duration_ms": 800,
             "load_job_state": "completed_jobs", "write_disposition": "append"}
            for name, rows, size in (("orders", 12_000, 1_900_000), ("orders__lines", 31_022, 4_400_000))
        ]  # fmt: skip
        package = {"load_id": "1742219286.31", "load_status": "loaded", "job_count": 2, "failed_job_count": 0,
                   "total_rows_loaded": 43_022, "total_bytes_loaded": 6_300_000, "schema_name": "shop",
                   "has_schema_migration": True}  # fmt: skip
        return JSONResponse(found | {
            "job_run_id": installation.runs[0]["id"], "extract_duration_ms": 20_000, "normalize_duration_ms": 9_000,
            "load_duration_ms": 12_000, "load_packages": [package], "tables": tables, "dlt_version": "1.31.0",
            "python_version": "3.13.5",
        })  # fmt: skip

    async def no_result(_request: Request) -> Response:
        return JSONResponse({"status_code": 404, "code": "not_found", "detail": "There is no result."}, 404)

    return [
        ("GET", f"{base}/pipelines/-/stats", stats),
        ("GET", f"{base}/datasets/-/stats", datasets),
        ("GET", f"{base}/pipeline-runs", listed),
        ("GET", f"{base}/pipeline-runs/{{id}}", one),
        ("GET", f"{base}/job-runs/{{run}}/result", no_result),
    ]
