"""A small installation for tests of the terminal: answers of the contract's shape from rows in memory, on real ports.

One server is the control plane and the region. It counts what it was asked and by whom, so that a test can say what
was sent where.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.fakes.alert_routes import alert_routes
from tests.fakes.backfill_routes import backfill_routes
from tests.fakes.installation_rows import (
    EMAIL,
    NOW,
    OWNER_KEY,
    TERMINAL,
    InstallationRows,
    LogOfRun,
    error,
    identifier,
    stamp,
)
from tests.fakes.log_routes import line_at, log_routes
from tests.fakes.platform_routes import platform_routes
from tests.fakes.residency_routes import other_region, residency_routes
from tests.fakes.sign_in_routes import sign_in_routes
from tests.fakes.team_routes import team_routes, telemetry_routes
from tests.fakes.uploading import digest_of
from tests.fakes.version_routes import version_routes
from tests.fakes.webhook_routes import webhook_routes

from planes.data_plane.services.identity import Identity
from planes.server.listening import AppServer, listen_tcp
from planes.server.streams import Stopping, event_stream_response
from planes.unix_sockets.listening import listen_unix

__all__ = ["EMAIL", "NOW", "OWNER_KEY", "Installation", "LogOfRun", "identifier", "served", "stamp"]


class Installation(InstallationRows):
    """The routes over those rows."""

    def application(self) -> Starlette:
        """All routes that the app uses."""
        ws = "/api/v1/workspaces/{ws}"
        own_run = "/own/v1/workspaces/{ws}/job-runs/{run}"
        routes = [
            ("GET", "/.well-known/control-plane", self._control_identity),
            ("GET", "/.well-known/data-plane", self._attest),
            ("POST", "/own/v1/sessions/-challenge", self._challenge),
            ("POST", "/own/v1/sessions/-local", self._local),
            ("POST", "/own/v1/sessions/-first-owner", self._first_owner),
            ("POST", "/auth/v1/sessions/-issue-device-code", self._device_code),
            ("POST", "/auth/v1/sessions/-redeem-device-code", self._redeem),
            ("POST", "/auth/v1/sessions/-refresh", self._refresh),
            ("GET", "/own/v1/health", self._health),
            *sign_in_routes(self),
            ("POST", "/own/v1/organizations", self._create_organization),
            ("GET", "/api/v1/me", self._me),
            ("GET", "/api/v1/dataplanes", self._dataplanes),
            ("GET", "/api/v1/organizations", self._list_organizations),
            ("GET", "/api/v1/organizations/{org}/me", self._membership),
            ("POST", "/api/v1/organizations/{org}/-set-region", self._set_region),
            ("GET", "/api/v1/organizations/{org}/workspaces", self._list_workspaces),
            ("POST", "/api/v1/organizations/{org}/workspaces", self._create_workspace),
            *(("GET", f"/{whose}/v1/workspaces/{{ws}}/jobs", self._list_jobs) for whose in ("api", "own")),
            ("GET", f"{ws}/jobs/{{job}}", self._get_job),
            ("GET", "/own/v1/workspaces/{ws}/jobs/{job}/fire-times", self._fire_times),
            ("GET", "/own/v1/workspaces/{ws}/jobs/{job}/retries", self._retries),
            ("POST", f"{ws}/jobs/-trigger", self._trigger),
            ("POST", f"{ws}/jobs/{{job}}/-pause", self._pause),
            ("POST", f"{ws}/jobs/{{job}}/-resume", self._resume),
            *(
                ("POST", f"{ws}/jobs/{{job}}/-{verb}", self._change_job)
                for verb in ("archive", "unarchive", "publish", "unpublish")
            ),
            ("GET", f"{ws}/job-runs", self._list_runs),
            ("GET", f"{ws}/job-runs/{{run}}", self._get_run),
            ("POST", f"{ws}/job-runs/{{run}}/-cancel", self._cancel),
            ("GET", f"{ws}/deployments", self._list_deployments),
            ("GET", f"{ws}/deployments/latest", self._latest_deployment),
            *version_routes(self, ws),
            ("GET", f"{ws}/configurations/latest", self._latest_configuration),
            ("POST", f"{ws}/{{kind}}/-issue-upload", self._issue_upload),
            ("POST", f"{ws}/{{kind}}/{{id}}/-upload", self._upload),
            ("POST", f"{ws}/-deploy", self._deploy),
            ("POST", f"{ws}/-issue-dataplane-token", self._dataplane_token),
            ("GET", f"{ws}/variables", self._list_variables),
            ("PATCH", f"{ws}/variables", self._change_variables),
            *team_routes(self, ws),
            *telemetry_routes(self),
            *alert_routes(self),
            *backfill_routes(self),
            *webhook_routes(self),
            *residency_routes(self),
            *platform_routes(self),
            *log_routes(self, f"{own_run}/lines"),
            ("GET", f"{own_run}/log-stream", self._stream),
            ("POST", f"{own_run}/-open-app", self._open_app),
        ]
        return Starlette(routes=[Route(path, self._recorded(act), methods=[method]) for method, path, act in routes])

    def _recorded(self, act: Any) -> Any:
        async def handle(request: Request) -> Response:
            bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
            self.requests.append((request.method, request.url.path, bearer))
            for part, event in list(self.held.items()):
                if part in f"{request.url.path}?{request.url.query}":
                    await event.wait()
            is_open = request.url.path.startswith(("/auth/", "/.well-known/", "/own/v1/sessions"))
            for part, (status, body) in self.refusals.items():
                if part in request.url.path:
                    return JSONResponse({"status_code": status, **body}, status_code=status)
            if not is_open and bearer not in self.tokens and not bearer.startswith(("dp-", "up-")):
                return error(401, "not_authenticated", "This session is not accepted.")
            return await act(request)

        return handle

    async def _control_identity(self, _request: Request) -> Response:
        return JSONResponse({"issuer": self.url, "version": "0.1.0", "keys": [], "fingerprints": ["f1"]})

    async def _attest(self, request: Request) -> Response:
        name = self.regions[0]
        identity = Identity(self.keys[name], name, "Europe", self.url)
        answer = identity.attest(request.query_params.get("nonce", ""), datetime.now(UTC))
        return Response(answer.model_dump_json(), media_type="application/json")

    async def _challenge(self, _request: Request) -> Response:
        self.challenges.append(uuid.uuid4().hex)
        return JSONResponse({"challenge": self.challenges[-1], "expires_in": 60})

    def _is_owner(self, body: dict[str, Any]) -> bool:
        wanted = hmac.new(OWNER_KEY.encode(), body["challenge"].encode(), hashlib.sha256).hexdigest()
        return body["challenge"] in self.challenges and hmac.compare_digest(wanted, body["answer"])

    def session(self) -> Response:
        """The session of the owner."""
        return JSONResponse(
            {"id": identifier("ana"), "email": self.owner, "jwt": self.tokens[-1], "refresh_token": "r1"}
        )

    async def _local(self, request: Request) -> Response:
        if not self._is_owner(await request.json()):
            return error(403, "not_the_owner", "The answer is not the owner's.")
        if self.owner is None:
            return error(409, "no_owner", "Nobody owns this installation yet.")
        return self.session()

    async def _first_owner(self, request: Request) -> Response:
        body = await request.json()
        if not self._is_owner(body):
            return error(403, "not_the_owner", "The answer is not the owner's.")
        self.owner = body["email"]
        return self.session()

    async def _device_code(self, _request: Request) -> Response:
        answer = {
            "device_code": "d" * 16, "user_code": "KPTR-WXMB", "verification_uri": f"{self.url}/device",
            "verification_uri_complete": f"{self.url}/device", "interval": 0,
        }  # fmt: skip
        return JSONResponse(answer)

    async def _redeem(self, _request: Request) -> Response:
        if self.device_code_state == "refused":
            return error(400, "refused", "ana refused this sign-in. Nothing was stored.")
        if not self.device_approved:
            return error(403, "authorization_pending", "authorization_pending")
        return self.session()

    async def _refresh(self, request: Request) -> Response:
        if (await request.json())["refresh_token"] != "r1":
            return error(401, "refresh_rejected", "The session is over.")
        return JSONResponse({"jwt": self.tokens[-1], "refresh_token": "r1"})

    async def _health(self, _request: Request) -> Response:
        planes = [
            {"dataplane_id": name, "name": name, "place": {"eu1": "Europe", "us1": "United States"}.get(name, name),
             "url": self.url, "fingerprint": self.keys[name].public.fingerprint, "enrolled_at": stamp(NOW),
             "last_seen_at": stamp(NOW - timedelta(seconds=120 if name in self.silent else 2)),
             "is_reachable": name not in self.silent, "drained_at": self.drained.get(name)}
            for name in self.regions
        ]  # fmt: skip
        answer = {"version": "0.1.0", "now": stamp(NOW), "is_insecure": self.is_insecure, "data_planes": planes}
        return JSONResponse(answer)

    def _membership_of(self, organization: dict[str, Any]) -> dict[str, Any]:
        role, here = self.workspace_role or organization["role"], organization["id"]
        mine = [{"role": role, "workspace": item} for item in self.workspaces if item["organization_id"] == here]
        return {
            "id": identifier(f"membership/{organization['id']}"), "is_active": True, "organization": organization,
            "role": organization["role"], "email": self.owner, "user_id": identifier("ana"),
            "organization_membership_id": identifier("ana"), "workspace_memberships": mine}  # fmt: skip

    async def _me(self, _request: Request) -> Response:
        memberships = [self._membership_of(item) for item in self.organizations]
        return JSONResponse(
            {"email": self.owner, "user_id": identifier("ana"), "organization_membership_id": identifier("ana"),
             "organization_memberships": memberships, "name": None}
        )  # fmt: skip

    async def _dataplanes(self, _request: Request) -> Response:
        names = {"eu1": "Europe", "us1": "United States"}
        items = [{"id": name, "name": name, "region": names[name], "description": None} for name in self.regions]
        return JSONResponse({"items": items})

    async def _list_organizations(self, _request: Request) -> Response:
        return page(self.organizations)

    async def _membership(self, request: Request) -> Response:
        found = next(item for item in self.organizations if item["id"] == request.path_params["org"])
        return JSONResponse(self._membership_of(found))

    async def _create_organization(self, request: Request) -> Response:
        return JSONResponse(self.add_organization((await request.json())["name"], None), status_code=201)

    async def _set_region(self, request: Request) -> Response:
        found = next(item for item in self.organizations if item["id"] == request.path_params["org"])
        if found["dataplane_id"] is not None:
            return error(409, "region_is_set", f"ben@orchard.example locked {found['name']} to us1 first.")
        found["dataplane_id"] = (await request.json())["dataplane_id"]
        return JSONResponse(found)

    async def _list_workspaces(self, request: Request) -> Response:
        return page([item for item in self.workspaces if item["organization_id"] == request.path_params["org"]])

    async def _create_workspace(self, request: Request) -> Response:
        found = next(item for item in self.organizations if item["id"] == request.path_params["org"])
        return JSONResponse(self.add_workspace(found, (await request.json())["name"]), status_code=201)

    async def _list_jobs(self, request: Request) -> Response:
        is_short = request.url.path.startswith("/own/")
        return page(self.job_views(request.path_params["ws"], is_short=is_short), request)

    async def _get_job(self, request: Request) -> Response:
        found = next((job for job in self.jobs if job["id"] == request.path_params["job"]), None)
        return JSONResponse(self.job_view(found)) if found else error(404, "not_found", "There is no such job.")

    async def _fire_times(self, request: Request) -> Response:
        """Every quarter of an hour from the next tick on."""
        found = next((job for job in self.jobs if job["id"] == request.path_params["job"]), None)
        if found is None:
            return error(404, "not_found", "There is no such job.")
        next_at = self.job_view(found)["next_scheduled_run_at"]
        first = None if next_at is None else datetime.fromisoformat(next_at)
        times = [] if first is None else [first + timedelta(minutes=15 * number) for number in range(5)]
        return JSONResponse({"items": [{"at": at.isoformat(), "trigger": "schedule:*/15 * * * *"} for at in times]})

    async def _retries(self, _request: Request) -> Response:
        return JSONResponse({"attempts": 1, "wait_seconds": 60})

    async def _trigger(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(("trigger", body))
        answer: dict[str, list[Any]] = {"succeeded": [], "skipped": [], "failed": []}
        for job in self.jobs:
            if job["id"] not in body["job_ids"]:
                continue
            entry = {"job_id": job["id"], "job_ref": job["job_ref"], "matched_triggers": [], "trigger": "manual:",
                     "reasons": None}  # fmt: skip
            active = [run for run in self._runs_of(job) if run["status"] not in TERMINAL]
            if active:
                answer["skipped"].append(entry | {"status": "skipped_concurrency_limit", "job_run": None})
                continue
            number = max((run["number"] for run in self._runs_of(job)), default=0) + 1
            run = self.add_run(job, number, "pending", ago=0)
            answer["succeeded"].append(entry | {"status": "triggered", "job_run": run, "job_run_id": run["id"]})
        return JSONResponse(answer)

    async def _pause(self, request: Request) -> Response:
        return self._set_paused(request, True)

    async def _resume(self, request: Request) -> Response:
        return self._set_paused(request, False)

    def _set_paused(self, request: Request, value: bool) -> Response:
        found = next(job for job in self.jobs if job["id"] == request.path_params["job"])
        found["is_paused"] = value
        return JSONResponse(found)

    async def _change_job(self, request: Request) -> Response:
        found = next(job for job in self.jobs if job["id"] == request.path_params["job"])
        verb = request.url.path.rpartition("-")[2]
        if verb in {"archive", "unarchive"}:
            found["is_archived"] = verb == "archive"
        else:
            found["public_url"] = f"{self.url}/public/s1" if verb == "publish" else None
        return JSONResponse(found)

    async def _list_runs(self, request: Request) -> Response:
        query = request.query_params
        mine = [run for run in self.runs if run["workspace_id"] == request.path_params["ws"]]
        if "job_id" in query:
            mine = [run for run in mine if run["job_id"] == query["job_id"]]
        if "number" in query:
            mine = [run for run in mine if run["number"] == int(query["number"])]
        if "start" in query:
            start = datetime.fromisoformat(query["start"]).replace(tzinfo=UTC)
            mine = [run for run in mine if datetime.fromisoformat(run["created_at"]) >= start]
        wanted = query.getlist("status")
        if wanted:
            mine = [run for run in mine if run["status"] in wanted]
        mine.sort(key=lambda run: run["created_at"], reverse=True)
        return page([self.run_view(run) for run in mine], limit=int(query.get("limit", "100")))

    def _run(self, request: Request) -> dict[str, Any] | None:
        return next((run for run in self.runs if run["id"] == request.path_params["run"]), None)

    async def _get_run(self, request: Request) -> Response:
        found = self._run(request)
        return JSONResponse(self.run_view(found)) if found else error(404, "not_found", "There is no such run.")

    async def _open_app(self, request: Request) -> Response:
        origin = f"http://r-{uuid.UUID(request.path_params['run']).hex}.localhost:8401"
        return JSONResponse({"url": f"{origin}/-/enter?ticket=t1", "origin": origin, "expires_in": 60})

    async def _cancel(self, request: Request) -> Response:
        found = self._run(request)
        assert found is not None
        if found["status"] in TERMINAL:
            return error(409, "run_is_over", "The run is over.")
        found["status"] = "cancelled" if found["status"] == "pending" else "cancelling"
        return JSONResponse(self.run_view(found))

    async def _list_deployments(self, _request: Request) -> Response:
        return page(list(reversed(self.deployments)))

    async def _latest_deployment(self, _request: Request) -> Response:
        return JSONResponse(self.deployments[-1]) if self.deployments else error(404, "not_found", "None yet.")

    async def _latest_configuration(self, _request: Request) -> Response:
        return JSONResponse(self.configurations[-1]) if self.configurations else error(404, "not_found", "None yet.")

    async def _issue_upload(self, request: Request) -> Response:
        kind, new = request.path_params["kind"], str(uuid.uuid4())
        key = "deployment_id" if kind == "deployments" else "configuration_id"
        path = f"/api/v1/workspaces/{request.path_params['ws']}/{kind}/{new}/-upload"
        return JSONResponse({key: new, "upload_url": f"{self.url}{path}", "upload_token": f"up-{new}"})

    async def _upload(self, request: Request) -> Response:
        body = await request.body()
        self.uploaded.append(total := len(body))
        kind = request.path_params["kind"]
        rows = self.deployments if kind == "deployments" else self.configurations
        row = {
            "id": request.path_params["id"], "workspace_id": request.path_params["ws"], "version": len(rows) + 1,
            "content_hash": self.stored_hash or digest_of(body, request.headers["content-type"]),
            "created_at": stamp(NOW), "updated_at": stamp(NOW),
            "created_by": identifier("ana"), "file_count": 5, "size_bytes": total, "profiles": ["prod"],
            "requirements_size_bytes": 10,
        }  # fmt: skip
        rows.append(row)
        return JSONResponse(row)

    async def _deploy(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(("deploy", body))
        workspace = next(item for item in self.workspaces if item["id"] == request.path_params["ws"])
        succeeded, skipped = [], []
        known = {job["job_ref"]: job for job in self.jobs}
        for definition in body["jobs"]:
            ref, triggers = definition["job_ref"], definition["triggers"]
            if ref in known:
                skipped.append({"job": known[ref], "outcome": "unchanged", "previous_version": None})
                continue
            description = definition.get("description")
            job = self.add_job(workspace, ref, triggers, description=description, version=1)
            if body["dry_run"]:
                self.jobs.remove(job)
            succeeded.append({"job": job, "outcome": "created", "previous_version": None})
        succeeded += [{"job": job, "outcome": "archived", "previous_version": None} for job in self.archives]
        receipt = {"succeeded": succeeded, "skipped": skipped, "failed": []}
        return JSONResponse({"job_receipt": receipt, "warnings": [], "deployment_module": body["deployment_module"]})

    async def _dataplane_token(self, request: Request) -> Response:
        token = f"dp-{request.path_params['ws']}"
        until = NOW.replace(year=2100) + timedelta(minutes=10)  # pictures say the time of day, which is the same
        return JSONResponse({"token": token, "expires_at": int(until.timestamp())})

    async def _list_variables(self, _request: Request) -> Response:
        scopes: dict[str | None, list[Any]] = {None: []}
        for row in self.variables:
            scopes.setdefault(row["profile"], []).append({k: v for k, v in row.items() if k != "profile"})
        return JSONResponse({"scopes": [{"profile": name, "variables": rows} for name, rows in scopes.items()]})

    async def _change_variables(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(("variables", body))
        if body["profile"] in self.stuck_scopes:
            return JSONResponse({"detail": "The disk of eu1 is full.", "code": "disk_full"}, 507)
        for item in body.get("upserts", []):
            self.remove_variable(body["profile"], item["name"])
            self.add_variable(item["name"], item["value"], body["profile"], is_secret=item["type"] == "secret")
        for name in body.get("deletes", []):
            self.remove_variable(body["profile"], name)
        return JSONResponse({"results": []})

    def add_variable(
        self, name: str, value: str, profile: str | None = None, *, is_secret: bool = False, days: int = 0
    ) -> None:
        """A variable set some days ago."""
        at, by = stamp(NOW - timedelta(days=days)), identifier("membership/ana@orchard.example")
        self.variables.append(
            {"name": name, "profile": profile, "type": "secret" if is_secret else "plain",
             "value": None if is_secret else value, "created_at": at, "updated_at": at,
             "created_by": by, "updated_by": by}
        )  # fmt: skip

    def remove_variable(self, profile: str | None, name: str) -> None:
        """Takes one away."""
        self.variables = [row for row in self.variables if (row["profile"], row["name"]) != (profile, name)]

    async def _stream(self, request: Request) -> Response:
        log = self.logs[request.path_params["run"]]

        async def events() -> AsyncGenerator[bytes]:
            sent = int(request.query_params["from_line"])
            while True:
                while sent < len(log.lines):
                    line, sent = line_at(log, sent)
                    yield f"event: log\ndata: {json.dumps(line)}\n\n".encode("ascii")
                if log.is_cut:
                    log.is_cut = False
                    raise ConnectionResetError("cut off")
                if log.is_sealed:
                    return
                log.changed = anyio.Event()
                await log.changed.wait()

        return event_stream_response(events(), self.stopping)


def page(items: list[Any], asked: Request | None = None, limit: int = 100) -> Response:
    """The envelope of lists: the first page, or the one that was asked for."""
    query = asked.query_params if asked else {}
    limit, offset = int(query.get("limit", limit)), int(query.get("offset", 0))
    rows = items[offset : offset + limit]
    return JSONResponse({"items": rows, "limit": limit, "offset": offset, "total": len(items), "next_cursor": None})


@contextmanager
def served(installation: Installation) -> Generator[Any]:
    """Serves it on a port and a unix socket, in a thread with an own event loop; yields a portal into that loop.

    Its other region has a port of its own.
    """
    listener, other = listen_tcp("127.0.0.1", 0), listen_tcp("127.0.0.1", 0)
    installation.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    installation.other_url = f"http://127.0.0.1:{other.getsockname()[1]}"
    with TemporaryDirectory(prefix="fake-") as folder, listener, other, start_blocking_portal() as portal:
        installation.socket_path = str(Path(folder) / "control.sock")
        local = listen_unix(Path(installation.socket_path))
        installation.stopping = portal.call(Stopping)
        server = AppServer(installation.application(), [listener, local], installation.stopping, grace_seconds=1)
        beside = AppServer(other_region(installation), [other], installation.stopping, grace_seconds=1)
        serving = [portal.start_task_soon(each.serve) for each in (server, beside)]

        def leave() -> None:
            for each in (server, beside):
                portal.call(each.stop)
            for ended in serving:
                ended.result(240)

        installation.leave = leave
        try:
            yield portal
        finally:
            leave()
            local.close()
