"""What is known of the installation when home is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from dlthub_tui.client.installation import PendingSignIn, PlaneHealth, Status
from dlthub_tui.client.leaks import Leak
from dlthub_tui.client.models import Job, Membership, Run, Workspace


@dataclass(frozen=True, slots=True)
class WorkspaceState:
    """What is known of one workspace; None where it has not been asked or does not answer.

    `failed` are the newest failed runs of the last day; `failed_count` and `completed_count` count that day's. `leaks`
    are what the region says of secrets that runs printed and that are still in use. The last two are known where they
    are shown; `rows_today` is of the runs that were asked for since midnight.
    """

    workspace: Workspace
    jobs: tuple[Job, ...] | None = None
    failed: tuple[Run, ...] = ()
    failed_count: int = 0
    completed_count: int = 0
    leaks: tuple[Leak, ...] | None = None
    deployed_at: datetime | None = None
    rows_today: int | None = None


@dataclass(frozen=True, slots=True)
class HomeState:
    """All that home shows."""

    memberships: tuple[Membership, ...] = ()
    workspaces: tuple[WorkspaceState, ...] = ()
    planes: tuple[PlaneHealth, ...] = ()
    sign_ins: tuple[PendingSignIn, ...] = ()
    status: Status | None = None
    aside: frozenset[str] = field(default_factory=frozenset[str])
    order: str = "name"
    is_turned: bool = False
    late_seconds: float | None = None
    is_control_silent: bool = False
    shows_archived: bool = False

    @property
    def jobs(self) -> list[Job]:
        """The jobs of all workspaces."""
        return [job for state in self.workspaces for job in state.jobs or () if not job.is_archived]
