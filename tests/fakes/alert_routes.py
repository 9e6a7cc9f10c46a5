"""The routes of alerts that the terminal's fake installation answers, with the alerts of the drawings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.fakes.installation_rows import NOW, identifier, stamp


def membership(email: str) -> str:
    """The id of somebody's membership of the organization."""
    return identifier(f"membership/{email}")


def delivery(alert_id: str, number: int, state: str = "sent", **changes: Any) -> dict[str, Any]:
    """A message of so many minutes ago."""
    at = stamp(NOW - timedelta(minutes=number))
    return {
        "id": identifier(f"delivery-{alert_id}-{number}"), "alert_id": alert_id, "trigger": "job-run-failure",
        "run_id": identifier(f"run-{number}"), "state": state, "tries": 1, "next_try_at": None,
        "facts": {"job_ref": "jobs.transform.orders_daily", "run_number": 88, "held_back": 0},
        "outcome": "delivered" if state == "sent" else "not_taken", "status": None, "created_at": at, "ended_at": at,
        **changes,
    }  # fmt: skip


def alert(name: str, **changes: Any) -> dict[str, Any]:
    """An alert of failed runs by mail to Ana."""
    return {
        "id": identifier(f"alert-{name}"), "name": name, "triggers": ["job-run-failure"], "jobs": [], "pipelines": [],
        "channel": "mail", "members": [membership("ana@orchard.example")], "addresses": [], "host": None,
        "is_signed": False, "is_enabled": True, "each_try": False,
        "created_at": stamp(NOW), "created_by": identifier("ana"),
        "updated_at": stamp(NOW), "updated_by": identifier("ana"), "last_delivery": None, **changes,
    }  # fmt: skip


def drawn_alerts() -> list[dict[str, Any]]:
    """One of each kind: sent, failed, off, never used."""
    hook = identifier("alert-warehouse")
    return [
        alert("fruitshop", triggers=["job-run-failure", "job-prints-secrets"], addresses=["oncall@orchard.example"],
              last_delivery=delivery("fruitshop", 11)),
        alert("warehouse", id=hook, channel="webhook", members=[], host="hooks.orchard.example",
              pipelines=["orders"], last_delivery=delivery(hook, 26, "failed", status=404)),
        alert("channel", channel="slack", members=[], host="hooks.slack.com", jobs=["ingest.*"], is_enabled=False),
        alert("ends", triggers=["job-run-failure", "job-run-success"], members=[membership("ben@orchard.example")]),
    ]  # fmt: skip


def alert_routes(installation: Any) -> list[tuple[str, str, Any]]:
    """(method, path, handler) of alerts, messages and the mail server."""
    rows: list[dict[str, Any]] = drawn_alerts()
    own = "/own/v1/workspaces/{ws}"

    async def list_alerts(_request: Request) -> Response:
        return JSONResponse({"items": installation.alerts if installation.alerts is not None else rows})

    async def save(request: Request) -> Response:
        body = await request.json()
        installation.bodies.append(("alert", body))
        found = next((row for row in rows if row["id"] == request.path_params.get("id")), None)
        if found is None:
            rows.append(found := alert(body["name"]))
        shown = {name: value for name, value in body.items() if name not in {"url", "signing_secret"}}
        found.update(shown)
        if "url" in body:
            found["host"] = body["url"].split("/")[2]
        return JSONResponse(found, status_code=200)

    async def remove(request: Request) -> Response:
        installation.bodies.append(("remove-alert", request.path_params["id"]))
        rows[:] = [row for row in rows if row["id"] != request.path_params["id"]]
        return Response(status_code=204)

    async def test(request: Request) -> Response:
        alert_id = request.path_params["id"]
        installation.bodies.append(("test-alert", alert_id))
        found = next(row for row in rows if row["id"] == alert_id)
        is_taken = found["channel"] == "mail"
        sent = delivery(
            alert_id, 0, "sent" if is_taken else "failed", trigger="test", run_id=None, facts={},
            outcome="delivered" if is_taken else "no_connection",
        )  # fmt: skip
        found["last_delivery"] = sent
        return JSONResponse(sent)

    async def list_deliveries(request: Request) -> Response:
        alert_id = request.query_params["alert_id"]
        items = [
            delivery(alert_id, 2, "pending", outcome="not_taken", status=503, tries=2,
                     next_try_at=stamp(NOW + timedelta(minutes=2))),
            delivery(alert_id, 11), delivery(alert_id, 26, "failed", status=404),
            delivery(alert_id, 90, "held_back", outcome="too_many"),
        ]  # fmt: skip
        return JSONResponse({"items": items, "limit": 100, "offset": 0, "total": 4, "next_cursor": None})

    async def mail_server(request: Request) -> Response:
        if request.method == "PUT":
            installation.bodies.append(("mail-server", await request.json()))
        server = {
            "host": "mail.orchard.example", "port": 587, "security": "starttls", "sender": "alerts@orchard.example",
            "username": "alerts", "has_password": True, "updated_at": stamp(NOW), "updated_by": identifier("ana"),
        }  # fmt: skip
        return JSONResponse({"server": server})

    return [
        ("GET", f"{own}/alerts", list_alerts),
        ("POST", f"{own}/alerts", save),
        ("PUT", f"{own}/alerts/{{id}}", save),
        ("DELETE", f"{own}/alerts/{{id}}", remove),
        ("POST", f"{own}/alerts/{{id}}/-test", test),
        ("GET", f"{own}/alert-deliveries", list_deliveries),
        ("GET", f"{own}/mail-server", mail_server),
        ("PUT", f"{own}/mail-server", mail_server),
    ]
