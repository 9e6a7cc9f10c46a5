"""A control plane for tests that leases runs and remembers what it is told of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response
from tests.fakes.control_plane import FakeControlPlane

from planes.domain.identifiers import new_id
from planes.server.streams import Stopping
from planes.wire.link import (
    EndedRunRequest,
    Lease,
    MemberIds,
    PipelineRunReport,
    PollRequest,
    StatusReport,
    WebhookRunRequest,
)

RUN_TOKEN = "eyJhbGciOiJub25lIn0.run-token-of-the-tests.signature"
POLL_SECONDS = 20.0


@dataclass(kw_only=True)
class LeasingControlPlane(FakeControlPlane):
    """`is_away` answers 503 to everything said of runs, or in turn what else `stands_in` for it; runs in `stale` answer
    409. Those of `ended` have ended.

    `ended` None: it is of a version that cannot say it.
    """

    statuses: dict[str, list[str]] = field(default_factory=dict)
    reports: dict[str, list[StatusReport]] = field(default_factory=dict)
    pipeline_runs: dict[str, list[PipelineRunReport]] = field(default_factory=dict)
    polls: list[PollRequest] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    ended: set[tuple[str, str]] | None = field(default_factory=set)
    members: dict[str, str] = field(default_factory=dict)
    webhook_triggers: list[str] = field(default_factory=lambda: ["webhook:orders"])
    webhook_calls: list[WebhookRunRequest] = field(default_factory=list)
    webhook_answers: list[dict[str, Any]] = field(default_factory=list)
    hands_out_tokens: bool = True
    tokens_asked_for: list[str] = field(default_factory=list)
    clean_before: datetime | None = None
    unheard: list[Lease] = field(default_factory=list[Lease])
    is_away: bool = False
    stands_in: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    is_closing: bool = False
    _leases: list[Lease] = field(default_factory=list)
    _cancels: list[dict[str, Any]] = field(default_factory=list)
    _news: anyio.Event = field(default_factory=anyio.Event)
    _told: anyio.Event = field(default_factory=anyio.Event)

    def lease(self, **values: Any) -> Lease:
        """Gives the next poll a run of this workspace."""
        lease = Lease(
            **{
                "run_id": new_id(),
                "fence": 1,
                "expires_at": datetime.now(UTC) + timedelta(seconds=30),
                "job_id": new_id(),
                "number": 1,
                "trigger": "manual:",
                "profile": "prod",
                "refresh": False,
                "time_limit_seconds": 120,
                "grace_seconds": 5,
                **values,
            }
        )
        self._leases.append(lease)
        self._wake()
        return lease

    def cancel(self, lease: Lease) -> None:
        """Asks for the end of a run at the next poll."""
        self._cancels.append({"run_id": lease.run_id, "fence": lease.fence})
        self._wake()

    async def wait_status(self, lease: Lease, *wanted: str, seconds: float = 240) -> str:
        """Waits until one of these was reported."""
        with anyio.fail_after(seconds):
            while True:
                told = self._told
                found = [each for each in self.statuses.get(lease.run_id, []) if each in wanted]
                if found:
                    return found[0]
                await told.wait()

    async def wait_end(self, lease: Lease, seconds: float = 240) -> str:
        """Waits for the end of a run: completed, failed or cancelled."""
        return await self.wait_status(lease, "completed", "failed", "cancelled", seconds=seconds)

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[LeasingControlPlane]:
        """Answers on a free port until the block ends."""
        async with super().serving():
            try:
                yield self
            finally:
                self.is_closing = True
                self._wake()

    def build(self, stopping: Stopping) -> FastAPI:
        app = FastAPI()

        @app.post("/link/v1/-poll")
        async def poll(request: Request) -> Response:
            asked = PollRequest.model_validate_json(await request.body())
            self.polls.append(asked)
            with anyio.move_on_after(POLL_SECONDS):
                while not self.is_closing and not self._cancels and not (self._leases and asked.free_slots):
                    await self._news.wait()
            leases, self._leases = self._leases[: asked.free_slots], self._leases[asked.free_slots :]
            cancels, self._cancels = self._cancels, []
            return JSONResponse(
                {
                    "leases": [lease.model_dump(mode="json") for lease in leases],
                    "run_tokens": {lease.run_id: RUN_TOKEN for lease in leases if self.hands_out_tokens},
                    "cancels": cancels,
                    "epoch": 0,
                    "revocations": [],
                    "keys": [self.key.public.text],
                    "unheard": [{"run_id": lease.run_id, "fence": lease.fence} for lease in self.unheard],
                    "clean_before": self.clean_before.isoformat() if self.clean_before else None,
                }
            )

        @app.post("/link/v1/-find-members")
        async def find_members(request: Request) -> Response:
            if self.is_away:
                return JSONResponse({"status_code": 503}, status_code=503)
            asked = MemberIds.model_validate_json(await request.body()).members
            found = [{"member": each, "email": self.members[each]} for each in asked if each in self.members]
            return JSONResponse({"members": found})

        @app.post("/link/v1/-find-ended-run")
        async def find_ended_run(request: Request) -> Response:
            if self.ended is None:
                return JSONResponse({"status_code": 404, "code": "not_found", "detail": "none"}, status_code=404)
            asked = EndedRunRequest.model_validate_json(await request.body())
            return JSONResponse({"has_ended": (asked.workspace_id, asked.run_id) in self.ended})

        @app.post("/link/v1/webhooks/-find-job")
        async def find_webhook_job() -> Response:
            return JSONResponse({"job_ref": "jobs.shop.load_orders", "triggers": self.webhook_triggers})

        @app.post("/link/v1/webhooks/-start")
        async def start_webhook_run(request: Request) -> Response:
            if self.is_away:
                return self._away()
            self.webhook_calls.append(WebhookRunRequest.model_validate_json(await request.body()))
            said = {"run_id": new_id(), "status": "triggered", "is_final": True}
            return JSONResponse(self.webhook_answers.pop(0) if self.webhook_answers else said)

        @app.put("/link/v1/runs/{run_id}/status")
        async def status(request: Request, run_id: str) -> Response:
            if (refused := self._refusal(run_id)) is not None:
                return refused
            report = StatusReport.model_validate_json(await request.body())
            self.statuses.setdefault(run_id, []).append(str(report.status))
            self.reports.setdefault(run_id, []).append(report)
            self._tell()
            return JSONResponse({})

        @app.put("/link/v1/runs/{run_id}/pipeline-runs/{pipeline_run_id}")
        async def pipeline_run(request: Request, run_id: str, pipeline_run_id: str) -> Response:
            if (refused := self._refusal(run_id)) is not None:
                return refused
            report = PipelineRunReport.model_validate_json(await request.body())
            self.pipeline_runs.setdefault(run_id, []).append(report)
            self._tell()
            return JSONResponse({})

        @app.post("/link/v1/runs/{run_id}/-issue-token")
        async def issue_token(run_id: str) -> Response:
            self.tokens_asked_for.append(run_id)
            if self.is_away:
                return self._away()
            return JSONResponse({"token": RUN_TOKEN, "expires_at": 2_000_000_000})

        app.mount("/", super().build(stopping))
        return app

    def _refusal(self, run_id: str) -> Response | None:
        if self.is_away:
            return self._away()
        if run_id in self.stale:
            return JSONResponse({"status_code": 409, "code": "stale_fence", "detail": "stale"}, status_code=409)
        return None

    def _away(self) -> Response:
        status, body = self.stands_in.pop(0) if self.stands_in else (503, '{"code": "away", "detail": "away"}')
        return Response(body, status_code=status)

    def _wake(self) -> None:
        news, self._news = self._news, anyio.Event()
        news.set()

    def _tell(self) -> None:
        told, self._told = self._told, anyio.Event()
        told.set()
