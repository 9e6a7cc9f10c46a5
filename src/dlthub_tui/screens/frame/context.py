"""What every screen gets: how to draw, and the connection once there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dlthub_tui.screens.frame.signs import Signs
from dlthub_tui.session.live_state import LiveState
from dlthub_tui.viewmodel.command_log import CommandLog
from dlthub_tui.viewmodel.frame import PlaneState
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.options import POLL_SECONDS, Reach
from dlthub_tui.viewmodel.settings import Chosen
from dlthub_tui.viewmodel.trouble import Errors
from dlthub_tui.viewmodel.words import silence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dlthub_tui.client.models import Job, Membership, Workspace
    from dlthub_tui.session.connection import Connection
    from dlthub_tui.viewmodel.places import WorkspaceRef
    from dlthub_tui.viewmodel.work.runs import Known


@dataclass(frozen=True, slots=True)
class ListPlace:
    """Where a list was left: filter, row, scroll, and how often it was sorted anew."""

    filter: str
    key: str | None
    top: int
    sorted_anew: int = 0


@dataclass(frozen=True, slots=True)
class Undo:
    """How the last undoable thing is taken back; `said` is what the screen says then."""

    take_back: Callable[[], Awaitable[object]]
    said: str


@dataclass(slots=True)
class Context:
    """Shared by the screens of one app. `poll_seconds` 0 asks only when a key says so."""

    look: Look
    client_folder: Path
    url: str | None = None
    reach: Reach = field(default_factory=Reach)
    connection: Connection | None = None
    is_embedded: bool = False
    opens_browser: bool = False
    planes: tuple[PlaneState, ...] = ()
    poll_seconds: float = POLL_SECONDS
    list_places: dict[str, ListPlace] = field(default_factory=dict[str, ListPlace])
    # Ids of jobs by name, for each workspace whose command line was open.
    jobs: dict[str, dict[str, str]] = field(default_factory=dict[str, "dict[str, str]"])
    # The jobs that were listed last, and of which workspace: what is around a job is known when its page opens.
    listed: tuple[str, tuple[Job, ...]] = ("", ())
    log: CommandLog = field(default_factory=CommandLog)
    # The command of the user's own editor; empty where none is known.
    editor: tuple[str, ...] = ()
    # Command lines that were entered, oldest first.
    entered: list[str] = field(default_factory=list[str])
    # The last thing that can be taken back.
    undo: Undo | None = None
    troubles: list[str] = field(default_factory=list[str])
    chosen: Chosen = field(default_factory=Chosen)
    signs: Signs = field(default_factory=Signs)
    # The stream of changes: while it is up, places that it tells of do not ask by themselves.
    live: LiveState = field(default_factory=LiveState)
    errors: Errors = field(default_factory=Errors)
    # Versions and people of workspaces by their ids, and ids that their control plane did not tell of.
    known: dict[str, Known] = field(default_factory=dict[str, "Known"])
    unknown: dict[str, set[str]] = field(default_factory=dict[str, "set[str]"])
    # What one may do in the workspaces that were opened, by their ids.
    roles: dict[str, str] = field(default_factory=dict[str, str])
    # When that is asked again.
    roles_again: dict[str, float] = field(default_factory=dict[str, float])
    # What names the workspaces that home lists, by their ids: of namesakes that is the id.
    addresses: dict[str, str] = field(default_factory=dict[str, str])
    # When home asks again what runs of a workspace printed; at once where that is not known.
    leaks_again: dict[str, float] = field(default_factory=dict[str, float])
    # For how long a region may be silent before its runs are called failed.
    grace_seconds: float = 600.0

    @property
    def connected(self) -> Connection:
        """The connection; screens that need one are opened after it is there."""
        assert self.connection is not None
        return self.connection

    def role_in(self, workspace: WorkspaceRef) -> str:
        """One's role there; where it is not known yet its planes decide."""
        return self.roles.get(workspace.id, "owner")

    def reference(self, workspace: Workspace, membership: Membership) -> WorkspaceRef:
        """What is needed to stand in a workspace; one that home has not listed has no namesake that is known."""
        from dlthub_tui.session.names import NamedWorkspace
        from dlthub_tui.viewmodel.places import WorkspaceRef

        named = NamedWorkspace(membership.organization, workspace)
        return WorkspaceRef.of(workspace, membership, self.addresses.get(workspace.id, named.address))

    def forget_person(self) -> None:
        """Forgets what was shown and done by whoever signed out; how the app looks stays."""
        self.planes, self.listed, self.undo, self.log = (), ("", ()), None, CommandLog()
        self.live, self.errors = LiveState(), Errors()
        self.entered.clear()
        for known in (
            self.list_places, self.jobs, self.known, self.unknown, self.roles, self.roles_again, self.addresses,
            self.leaks_again,
        ):  # fmt: skip
            known.clear()

    @property
    def planes_now(self) -> tuple[PlaneState, ...]:
        """The planes for the header: the control plane is silent while nothing comes from it."""
        if not self.live.is_spoken_of:
            return self.planes
        silent = PlaneState("control", "silent", silence(self.live.away_seconds))
        return (silent, *(plane for plane in self.planes if plane.id != "control"))

    @property
    def tick_seconds(self) -> float:
        """How often seconds that run are drawn; calm they go by tens, for one that stands still is not true."""
        if not self.poll_seconds:
            return 0.0
        return 10.0 if self.look.is_calm else 1.0

    @property
    def batch_seconds(self) -> float:
        """How often arriving log lines are painted: 20 times a second, 4 over a slow line."""
        return 0.25 if self.look.is_slow or self.look.is_calm else 0.05
