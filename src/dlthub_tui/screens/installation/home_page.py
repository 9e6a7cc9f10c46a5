"""What stands on home: organizations with their workspaces, what needs you, the planes; loading and hearing of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import anyio

from dlthub_tui.client.at_once import ask_at_once
from dlthub_tui.client.errors import ClientError, NotAllowed, NotFound, NotSignedIn, Refused
from dlthub_tui.client.models import Membership, Run, Workspace
from dlthub_tui.client.paging import Page
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.listing import RECENT
from dlthub_tui.screens.places.sorting import SortedList
from dlthub_tui.viewmodel.changed import changed_jobs
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.installation import home as view
from dlthub_tui.viewmodel.installation.home_state import HomeState, WorkspaceState
from dlthub_tui.viewmodel.keys import roles
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import Line

if TYPE_CHECKING:
    from textual.timer import Timer

    from dlthub_tui.client.changes import Change
    from dlthub_tui.client.installation import Health
    from dlthub_tui.client.leaks import Leak
    from dlthub_tui.session.live_state import News

MOST_AT_ONCE = 4
SHOWS_SECONDS = 0.5
# Of so many failed runs those are shown that are the last of their job.
MOST_FAILED = 20
# Each look at a workspace is an entry of its audit log.
LEAKS_SECONDS = 300.0
ASKS_AGAIN_SECONDS = 5.0
# An organization that is new, locked or left is no change of a workspace: the stream does not tell of it.
ORGANIZATIONS_SECONDS = 30.0
_NO_RUNS = Page[Run]((), 0)


class HomePage(SortedList):
    """Subclasses say what keys do."""

    STYLES = "home"
    ORDERS = view.ORDERS
    IS_TOLD = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.state = HomeState()
        self._changed: set[str] = set()
        context.leaks_again.clear()
        self._is_whole_changed = False
        self._organizations_at = 0.0
        self._showing: Timer | None = None

    def concerns(self, change: Change) -> bool:  # noqa: ARG002 - home shows all workspaces
        """All that may be read."""
        return True

    def heard(self, news: News) -> None:
        """Only workspaces in which something changed are asked about again."""
        known = {item.workspace.id for item in self.state.workspaces}
        changed = {change.workspace_id for change in news.changes}
        if news.is_all or not changed <= known or any(change.job_id is None for change in news.changes):
            self._is_whole_changed = True
        self._changed |= changed
        super().heard(news)

    def take_changes(self, changes: Sequence[Change]) -> bool:
        """New states of the last runs."""
        states = tuple(
            replace(item, jobs=changed_jobs(item.jobs, changes)) if item.jobs else item
            for item in self.state.workspaces
        )
        is_other = states != self.state.workspaces
        self.state = replace(self.state, workspaces=states)
        return is_other

    async def ask_again(self) -> None:
        """Asks about what changed."""
        await self.reload(self.load if self._is_whole_changed or not self.is_loaded else self._load_jobs)

    def do_link_retry(self) -> None:
        """Asks again, also for what runs printed."""
        self.context.leaks_again.clear()
        super().do_link_retry()

    def planes_heard(self, health: Health) -> None:
        """The planes as they are now, and who waits to sign in."""
        super().planes_heard(health)
        self.state = replace(self.state, planes=health.planes, late_seconds=health.late_seconds)
        self.show_changed()
        self.fetch(self._load_administration(), "sign-ins")

    async def _load_administration(self) -> None:
        """What is for who administers the platform: who waits to sign in, how the planes are."""
        before = self.state
        await self._ask_administration()
        if before != self.state:
            self.show_changed()
        if self.is_loaded and time.monotonic() - self._organizations_at >= ORGANIZATIONS_SECONDS:
            await self._look_for_organizations()

    async def _look_for_organizations(self) -> None:
        """Asks for everything where there are others than those that are shown."""
        from dlthub_tui.client.organizations import list_memberships

        self._organizations_at = time.monotonic()
        memberships = await list_memberships(self.context.connected.control)
        if set(memberships) != set(self.state.memberships):
            await self.reload()

    async def _ask_administration(self) -> None:
        from dlthub_tui.client.installation import find_status, list_sign_ins

        control = self.context.connected.control
        try:
            sign_ins = await list_sign_ins(control)
            status = await find_status(control)
        except (NotAllowed, NotFound):
            sign_ins, status = (), None
        self.state = replace(self.state, sign_ins=sign_ins, status=status)

    async def load(self) -> None:
        """Who I am, then workspaces, then their jobs, then the planes; each is shown when it arrives."""
        from dlthub_tui.client.installation import get_health
        from dlthub_tui.client.organizations import list_memberships, list_workspaces
        from dlthub_tui.session.names import NamedWorkspace, know_namesakes

        plane = self.context.connected.control
        self._is_whole_changed = False
        self._changed.clear()
        memberships = await list_memberships(plane)
        self._organizations_at = time.monotonic()
        health = await get_health(plane)
        planes = health.planes
        self.look.know_regions([region.id for region in planes])
        self.look.is_insecure = health.is_insecure
        self.context.planes = view.plane_states(planes, self.look)
        self.context.grace_seconds = health.grace_seconds
        workspaces: list[Workspace] = []
        named: list[NamedWorkspace] = []
        for membership in memberships:
            if membership.organization.dataplane_id:
                listed = await list_workspaces(plane, membership.organization.id)
                await self._learn_roles(membership, listed)
                workspaces.extend(listed)
                named.extend(NamedWorkspace(membership.organization, workspace) for workspace in listed)
        self.context.addresses = {place.workspace.id: place.address for place in know_namesakes(named)}
        await self._ask_administration()
        # Nothing is waited for between these: what is learned meanwhile of what runs printed would be lost.
        known = {state.workspace.id: state for state in self.state.workspaces}
        states = tuple(replace(known.get(item.id, WorkspaceState(item)), workspace=item) for item in workspaces)
        self.state = replace(
            self.state, memberships=memberships, planes=planes, workspaces=states,
            late_seconds=health.late_seconds,
        )  # fmt: skip
        if not self.is_loaded:
            self.is_loaded = True
            self.show_rows()
        await self._load_jobs()

    async def _learn_roles(self, membership: Membership, listed: Sequence[Workspace]) -> None:
        """What one may do in an organization's workspaces, so that home offers it: one question for all of them."""
        from dlthub_tui.client.organizations import get_workspace_roles

        if membership.role != roles.OWNER:
            with suppress(Refused):  # a place that is opened asks for itself
                self.context.roles |= await get_workspace_roles(
                    self.context.connected.control, membership.organization.id
                )
            return
        for workspace in listed:
            if self.context.roles.get(workspace.id) not in {None, roles.OWNER}:
                # Who became an owner is one in each of them; a key may be less, and is told so where it opens one.
                del self.context.roles[workspace.id]
                self.context.roles_again.pop(workspace.id, None)

    async def _load_jobs(self) -> None:
        from dlthub_tui.client.deployments import find_latest_deployment
        from dlthub_tui.client.jobs import list_jobs
        from dlthub_tui.client.runs import find_rows_loaded, list_runs

        plane, limiter = self.context.connected.control, anyio.CapacityLimiter(MOST_AT_ONCE)
        only, self._changed = self._changed, set()
        now, is_wide = self.look.now(), self.size.width >= view.WIDE
        since, midnight = now - RECENT, self.look.local(now).replace(hour=0, minute=0, second=0, microsecond=0)

        async def ask(state: WorkspaceState) -> None:
            workspace_id = state.workspace.id
            async with limiter:
                try:
                    jobs = await list_jobs(plane, workspace_id)
                    failed = completed = _NO_RUNS
                    if jobs:
                        failed = await list_runs(
                            plane, workspace_id, statuses=("failed",), since=since, limit=MOST_FAILED
                        )
                        completed = await list_runs(plane, workspace_id, statuses=("completed",), since=since, limit=1)
                    latest = await find_latest_deployment(plane, workspace_id) if is_wide else None
                    today = await find_rows_loaded(plane, workspace_id, midnight) if is_wide else None
                except NotSignedIn:
                    raise
                except Refused:
                    return
                known = replace(
                    state, jobs=jobs, failed=failed.items, failed_count=failed.total, completed_count=completed.total,
                    deployed_at=latest.created_at if latest else state.deployed_at,
                    rows_today=today if today is not None else state.rows_today,
                )  # fmt: skip
            self._take_workspace(known)

        asked = [
            state
            for state in self.state.workspaces
            if state.workspace.archived_at is None and (not only or state.workspace.id in only)
        ]
        await ask_at_once(partial(ask, state) for state in asked)
        self.fetch(self._load_leaks(), "leaks")

    def _take_workspace(self, known: WorkspaceState) -> None:
        """Shown as it comes, twice a second: of hundreds of workspaces the last is known long after the first."""
        states = tuple(
            replace(known, leaks=state.leaks) if state.workspace.id == known.workspace.id else state
            for state in self.state.workspaces
        )
        self.state = replace(self.state, workspaces=states)
        if self._showing is None:
            self._showing = self.set_timer(SHOWS_SECONDS, self._show_known)

    def _show_known(self) -> None:
        self._showing = None
        self.show_rows()

    async def _load_leaks(self) -> None:
        """What runs printed, from each workspace's region, some minutes after the look before at the earliest.

        Of every workspace: this look ends the one before, which may not have come to those that changed nothing since.
        """
        from dlthub_tui.client.leaks import list_open_leaks

        limiter = anyio.CapacityLimiter(MOST_AT_ONCE)
        # What is learned of a workspace for the first time is nothing new.
        is_known = bool(self.context.leaks_again)

        async def ask(workspace: WorkspaceRef) -> None:
            async with limiter:
                wait, leaks = LEAKS_SECONDS, None
                try:
                    region = await self.context.connected.region(workspace)
                    leaks = await list_open_leaks(region, workspace.id)
                except (NotAllowed, NotFound):
                    leaks = ()  # viewers are told of none
                except ClientError:
                    wait = ASKS_AGAIN_SECONDS  # the row of the plane says what is wrong
                # At once: a newer look ends this one, and takes what was asked just now for known.
                self.context.leaks_again[workspace.id] = time.monotonic() + wait
                if leaks is not None:
                    self._take_leaks(workspace.id, leaks, counts_new=is_known)

        live = (state.workspace for state in self.state.workspaces if state.workspace.archived_at is None)
        refs = [self.workspace_ref(each.id) for each in live]
        again, now = self.context.leaks_again, time.monotonic()
        await ask_at_once(partial(ask, ref) for ref in refs if ref is not None and now >= again.get(ref.id, 0))

    def _take_leaks(self, workspace_id: str, leaks: tuple[Leak, ...], *, counts_new: bool) -> None:
        states = tuple(
            replace(state, leaks=leaks) if state.workspace.id == workspace_id else state
            for state in self.state.workspaces
        )
        if states != self.state.workspaces:
            self.state = replace(self.state, workspaces=states)
            if self.is_loaded:
                self.show_rows(counts_new=counts_new)

    def workspace_ref(self, workspace_id: str) -> WorkspaceRef | None:
        """A workspace of the list, as screens need it."""
        state = next((item for item in self.state.workspaces if item.workspace.id == workspace_id), None)
        if state is None:
            return None
        workspace = state.workspace
        membership = next(item for item in self.state.memberships if item.organization.id == workspace.organization_id)
        return self.context.reference(workspace, membership)

    @property
    def workspaces(self) -> list[WorkspaceRef]:
        """All that can be opened."""
        states = (self.workspace_ref(item.workspace.id) for item in self.state.workspaces)
        return [ref for ref in states if ref is not None]

    def sections(self) -> list[Section]:
        """The panes, with the filter applied to each."""
        is_silent = any(plane.id == "control" and plane.state != "up" for plane in self.context.planes_now)
        state = replace(self.state, is_control_silent=is_silent)
        found = view.sections(state, self.look, names_organizations=bool(self.filter_text))
        if not self.filter_text:
            return found
        kept = [replace(section, rows=matching(section.rows, self.filter_text)) for section in found]
        nothing = no_match([row for section in found for row in section.rows], self.filter_text, "row")
        return [section for section in kept if section.rows] or [Section((), (), empty=(nothing,))]

    def answer_line(self) -> tuple[Line, str]:
        """What goes on."""
        return view.answer_of(self.state, self.look), ""

    def is_moving(self) -> bool:
        """Relative times on home are not ticked."""
        return False
