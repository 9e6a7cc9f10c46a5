"""The routes of webhooks that the terminal's fake installation answers, and a job that has two triggers for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.fakes.installation_rows import NOW, identifier, stamp

from planes.wire.own_webhooks import WebhookCall, WebhookResponse

SECRET = "whsec_" + "Zm9yIHRoZSBmYWtlIG9ubHks" * 2


def give_webhooks(installation: Any) -> None:
    """`ingest.load_orders` is called at one trigger, and can be called at another."""
    job = next(job for job in installation.jobs if job["job_ref"] == "jobs.ingest.load_orders")
    job["triggers"] = [*job["triggers"], "webhook:orders", "webhook:returns"]
    installation.webhooks.append(_webhook(installation, job, "webhook:orders", waiting=2, last="started"))


def _webhook(
    installation: Any, job: dict[str, Any], trigger: str, *, waiting: int = 0, last: str | None = None
) -> dict[str, Any]:
    return {
        "id": identifier(f"webhook/{trigger}"), "job_id": job["id"], "job_ref": job["job_ref"], "trigger": trigger,
        "url": f"{installation.url}/webhooks/{identifier(f'webhook/{trigger}')}",
        "created_at": stamp(NOW - timedelta(days=3)), "created_by": identifier("ana"), "rotated_at": None,
        "waiting": waiting, "last_received_at": stamp(NOW - timedelta(minutes=4)) if last else None,
        "last_state": last,
    }  # fmt: skip


def webhook_routes(installation: Any) -> list[tuple[str, str, Any]]:
    """(method, path, handler) of the list, of making, rotating and removing one, and of its calls."""

    def _row(request: Request) -> dict[str, Any]:
        return next(row for row in installation.webhooks if row["id"] == request.path_params["id"])

    async def listed(_request: Request) -> Response:
        items = [WebhookResponse.model_validate(row).model_dump(mode="json") for row in installation.webhooks]
        return JSONResponse({"items": items})

    async def add(request: Request) -> Response:
        body = await request.json()
        installation.bodies.append(("webhooks", body))
        job = next(job for job in installation.jobs if job["id"] == body["job_id"])
        installation.webhooks.append(_webhook(installation, job, body["trigger"]))
        return JSONResponse(installation.webhooks[-1] | {"secret": SECRET}, status_code=201)

    async def rotate(request: Request) -> Response:
        installation.bodies.append(("rotate", await request.json()))
        _row(request)["rotated_at"] = stamp(NOW)
        return JSONResponse(_row(request) | {"secret": SECRET})

    async def remove(request: Request) -> Response:
        installation.webhooks.remove(_row(request))
        return Response(status_code=204)

    async def calls(_request: Request) -> Response:
        states = (("waiting", "skipped_concurrency_limit"), ("started", None), ("refused", "job_archived"))
        rows = [
            {"id": identifier(f"call/{number}"), "received_at": stamp(NOW - timedelta(minutes=4 * number + 4)),
             "size_bytes": 812 + number, "state": state, "outcome": outcome, "run_id": None, "tries": number + 1,
             "next_try_at": None, "ended_at": None}
            for number, (state, outcome) in enumerate(states)
        ]  # fmt: skip
        items = [WebhookCall.model_validate(row).model_dump(mode="json") for row in rows]
        return JSONResponse({"items": items, "limit": 100, "offset": 0, "total": len(items), "next_cursor": None})

    ws = "/own/v1/workspaces/{ws}/webhooks"
    return [
        ("GET", ws, listed),
        ("POST", ws, add),
        ("POST", f"{ws}/{{id}}/-rotate", rotate),
        ("DELETE", f"{ws}/{{id}}", remove),
        ("GET", f"{ws}/{{id}}/calls", calls),
    ]
