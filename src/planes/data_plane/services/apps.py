"""The interactive runs of this plane as the gateway sees them: where they are, who may open them, when they were used.

    starting ──health──► ready ──the run ends──► gone

Kept in memory only: after a restart the adopted runs are here again, and count as used just now.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import anyio

from planes.data_plane.executor.apps import AppPlace
from planes.data_plane.services.launching import is_app, launcher_of
from planes.domain.access import ACCESS_PROFILE, Grant, WorkspaceRole, tell_lack
from planes.domain.errors import NotAllowed, NotFound, Unavailable
from planes.manifest.facts import part
from planes.tokens.claims import Claims
from planes.wire.link import Lease

MOST_CONNECTIONS = 256
"""Requests and WebSockets that one app serves at a time."""


@dataclass(slots=True, kw_only=True, eq=False)
class App:
    """One interactive run. `place` None: it is not ready. One that `has_own_limit` is stopped by that alone.

    One that `serves_tools` is for MCP clients.
    """

    run_id: str
    organization_id: str
    workspace_id: str
    job_id: str
    job_ref: str
    profile: str
    has_own_limit: bool = False
    serves_tools: bool = False
    place: AppPlace | None = None
    connections: int = 0
    used_at: float = field(default_factory=anyio.current_time)
    over: anyio.Event = field(default_factory=anyio.Event)

    @contextmanager
    def in_use(self) -> Generator[None]:
        """One request or WebSocket: while it lasts the app is not idle. Raises: Unavailable when there are too many."""
        if self.connections >= MOST_CONNECTIONS:
            raise Unavailable("app_busy", "This app has as many connections as it may have. Try again shortly.")
        self.connections += 1
        try:
            yield
        finally:
            self.connections -= 1
            self.used_at = anyio.current_time()

    def idle_seconds(self) -> float:
        """How long nobody has used it."""
        return 0.0 if self.connections else anyio.current_time() - self.used_at

    def check(self, claims: Claims) -> None:
        """Lets a reader of its workspace in; a viewer only where the run has the access profile (Security: 10).

        Raises: NotFound, NotAllowed.
        """
        if claims.workspace_id != self.workspace_id or claims.organization_id != self.organization_id:
            raise NotFound("not_found", "There is no such app here.")
        if Grant.READ not in claims.grants:
            raise NotAllowed("not_allowed", tell_lack(Grant.READ))
        is_author = claims.role in {WorkspaceRole.OWNER, WorkspaceRole.DEVELOPER} and claims.run_id is None
        if not is_author and self.profile != ACCESS_PROFILE:
            raise NotAllowed(
                "profile_not_allowed",
                f"This app runs on the profile {self.profile}: a viewer opens those on {ACCESS_PROFILE} only.",
            )


class Apps:
    """Apps by run."""

    def __init__(self) -> None:
        self._apps: dict[str, App] = {}
        self._arrival = anyio.Event()

    def begin(self, lease: Lease) -> None:
        """A leased run that will be an app; any other lease is passed over. May run twice."""
        if lease.run_id in self._apps or not is_app(lease):
            return
        self._apps[lease.run_id] = App(
            run_id=lease.run_id,
            organization_id=lease.organization_id,
            workspace_id=lease.workspace_id,
            job_id=lease.job_id,
            job_ref=lease.job_ref,
            profile=lease.profile,
            has_own_limit=_declares_limit(lease.definition),
            serves_tools=_serves_tools(lease.definition),
        )
        arrival, self._arrival = self._arrival, anyio.Event()
        arrival.set()

    def ready(self, run_id: str, place: AppPlace) -> None:
        """It answers."""
        app = self._apps.get(run_id)
        if app is not None:
            app.place, app.used_at = place, anyio.current_time()

    def end(self, run_id: str) -> None:
        """Its run is over. May run twice."""
        app = self._apps.pop(run_id, None)
        if app is not None:
            app.place = None
            app.over.set()

    def find(self, run_id: str) -> App | None:
        """The app of a run that has not ended."""
        return self._apps.get(run_id)

    async def await_job(self, workspace_id: str, job_id: str, seconds: float) -> App | None:
        """The newest app of a job, waiting up to `seconds` for its lease to arrive (Borders: 1)."""
        with anyio.move_on_after(seconds):
            while True:
                arrival = self._arrival
                for app in reversed(self._apps.values()):
                    if (app.workspace_id, app.job_id) == (workspace_id, job_id):
                        return app
                await arrival.wait()
        return None

    def run_ids(self) -> frozenset[str]:
        """All of them."""
        return frozenset(self._apps)

    def list_idle(self, seconds: float) -> list[App]:
        """Ready apps that nobody has used for so long."""
        ready = [app for app in self._apps.values() if app.place is not None and not app.has_own_limit]
        return [app for app in ready if app.idle_seconds() >= seconds]


def _serves_tools(definition: Mapping[str, Any]) -> bool:
    """Whether MCP clients are who it is for: by its launcher, or as a function that says so (Contract: 5.4)."""
    return launcher_of(definition).endswith(".mcp") or part(definition, "expose").get("interface") == "mcp"


def _declares_limit(definition: Mapping[str, Any]) -> bool:
    """Whether the job says how long it may stay (`idle_timeout` of dlt's decorator is this limit too)."""
    timeout = part(definition, "execute").get("timeout")
    return isinstance(timeout, dict) and cast("dict[str, Any]", timeout).get("timeout") is not None
