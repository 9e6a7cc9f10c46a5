"""The planes behind everything: where they are, what regions run and hold, how late the scheduler is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from dlthub_tui.client.errors import NotAllowed, NotFound
from dlthub_tui.client.installation import Health, HeldRun, PlaneHealth, Status
from dlthub_tui.client.region_numbers import Numbers
from dlthub_tui.messages import Open
from dlthub_tui.screens.asking.starting import Stopper, stop_sheet
from dlthub_tui.screens.frame.context import Context, Undo
from dlthub_tui.screens.frame.sheets import ConfirmSheet, TypedSheet
from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.viewmodel.filters import matching
from dlthub_tui.viewmodel.installation import home as home_view
from dlthub_tui.viewmodel.installation import platform as view
from dlthub_tui.viewmodel.installation import regions as region_view
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.shell_twins import in_shell, link_of_held, twin_of_run
from dlthub_tui.viewmodel.places import EnvironmentsPlace, Place, PlatformPlace, RunPlace, WorkspaceRef
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, guard

NOT_DRAINED = "{item.end} drains a region or stops a run; {item.destroy} cleans a region."
ADMINISTERED = "Regions are drained and cleaned by who administers this platform. In a shell as that user: dlthub-tui."
LOGS_THERE = "A plane's own log stays on its machine: platform.log in its home."


class PlatformScreen(ListScreen):
    """Do all planes answer, are they who they were, and how full are they?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list", "verbs")
    KEYS = "Platform"
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("pane.next", "pane"), ("row.open", "open"), ("item.end", "drain"), ("item.destroy", "clean"),
        ("doctor.open", "doctor"), ("log.open", "log"), ("link.retry", "ask again"), ("list.filter", "filter"),
        ("copy.text", "copy row"), ("nav.back", "back"),
    )  # fmt: skip
    STYLES = "platform"
    DETAIL_ROWS: ClassVar[int] = 7

    def __init__(self, context: Context, place: PlatformPlace) -> None:
        super().__init__(context)
        self.place = place
        self._health: Health | None = None
        self._status: Status | None = None
        self._words: dict[str, str] = {}
        if place.plane:
            self.rows.place = (place.plane, 0)

    def command_text(self) -> str:
        """What is shown here, in a shell."""
        return in_shell("doctor", reach=self.context.reach)

    def where(self) -> Place:
        """The platform."""
        return self.place

    def crumbs(self) -> list[str]:
        """The platform."""
        return ["dlthub-tui", "platform"]

    def place_key(self) -> str:
        """A plane that was asked for is stood on."""
        return f"platform/{self.place.plane}"

    async def load(self) -> None:
        """The planes, and the six words of those that are known."""
        from dlthub_tui.client.installation import find_status, get_health

        connection = self.context.connected
        self._health = await get_health(connection.control)
        self._status = await find_status(connection.control)
        self.context.planes = home_view.plane_states(self._health.planes, self.look)
        for plane in self._health.planes:
            pin = await connection.pins.find(plane.id)
            if pin is not None:
                self._words[plane.id] = pin.words

    def sections(self) -> list[Section]:
        """The control plane, then the regions."""
        if self._health is None:
            return []
        planes = sorted(self._health.planes, key=lambda plane: plane.id)
        signs = self._status.signing_key_at if self._status is not None else None
        live = self.context.live
        silent = live.away_seconds if live.is_spoken_of else None
        rows = [view.control_row(self.context.connected.origin, signs, self.look, silent)]
        rows.extend(view.plane_row(plane, self._key_at(plane.id), self.look) for plane in planes)
        empty = f'No plane matches "{self.filter_text}".'
        leases = view.lease_section(self._status, self.look)
        found = [Section(view.COLUMNS, matching(rows, self.filter_text), "Planes", empty=(empty,))]
        if self._status is not None:
            regions = region_view.region_section(self._status, planes, self.look)
            found.append(replace(regions, rows=matching(regions.rows, self.filter_text)))
        return [
            *found,
            replace(leases, rows=matching(leases.rows, self.filter_text)),
        ]

    def answer_line(self) -> tuple[Line, str]:
        """Whether all answer."""
        if self._health is None:
            return EMPTY_LINE, ""
        late = self._health.late_seconds
        return view.answer_of(self._health, self.look), "" if late is None else view.scheduler_line(self._health)[:-1]

    def do_pane_next(self) -> None:
        """The next pane."""
        self.rows.move_to_next_section(1)

    def do_pane_previous(self) -> None:
        """The pane before."""
        self.rows.move_to_next_section(-1)

    def _plane(self) -> PlaneHealth | None:
        planes = self._health.planes if self._health else ()
        return next((plane for plane in planes if plane.id == self.rows.key), None)

    def _held(self) -> HeldRun | None:
        held = self._status.held if self._status else ()
        return next((run for run in held if f"run/{run.run_id}" == self.rows.key), None)

    def _region(self) -> PlaneHealth | None:
        """The region of a row, of what it is or of what it runs."""
        planes = self._health.planes if self._health else ()
        return next((plane for plane in planes if self.rows.key in {plane.id, f"region/{plane.id}"}), None)

    def _numbers(self, plane_id: str) -> Numbers | None:
        regions = (self._status.regions or ()) if self._status else ()
        return next((region.numbers for region in regions if region.id == plane_id), None)

    def _key_at(self, plane_id: str) -> datetime | None:
        numbers = self._numbers(plane_id)
        return numbers.master_key_at if numbers is not None else None

    def footer_entries(self) -> list[tuple[Action, str]]:
        """What x does to the row under the cursor."""
        region, entries = self._region(), super().footer_entries()
        verb = "stop" if region is None else "drain" if region.drained_at is None else "resume"
        return [(action, verb if action.id == "item.end" else label) for action, label in entries]

    def why_not(self, action: Action) -> str | None:
        """Runs are opened and stopped here, regions drained and cleaned; planes tell their logs on their machines."""
        if action.id == "row.open" and self._held() is None and self._region() is None:
            return "What is known of it stands below."
        if action.id in {"item.end", "item.destroy"}:
            if self._region() is None and (action.id == "item.destroy" or self._held() is None):
                return NOT_DRAINED
            if self._status is None:
                return ADMINISTERED
        if action.id == "log.open" and self._held() is None:
            return LOGS_THERE
        return super().why_not(action)

    def do_row_open(self) -> None:
        """The run; of a region, how it is, and from there its environments."""
        run, plane = self._held(), self._plane()
        if run is not None:
            self.fetch(self._open_run(run, is_log_only=False), "open")
        elif plane is not None and self._status is not None:
            self.rows.move_to(f"region/{plane.id}")
        elif (region := self._region()) is not None:
            self.post_message(Open(EnvironmentsPlace(region.id)))

    def do_log_open(self) -> None:
        """The run's log."""
        run = self._held()
        if run is not None:
            self.fetch(self._open_run(run, is_log_only=True), "open")

    async def _workspace(self, run: HeldRun) -> WorkspaceRef | None:
        """None, said, for who administers the platform and is no member there."""
        from dlthub_tui.screens.asking.links import find_workspace

        try:
            return await find_workspace(self.context, run.workspace_id)
        except (NotAllowed, NotFound):
            self.say(f"{guard(run.workspace_name)} is for its members; you are none of them.", Role.WARN)
            return None

    async def _open_run(self, run: HeldRun, *, is_log_only: bool) -> None:
        workspace = await self._workspace(run)
        if workspace is not None:
            place = RunPlace(workspace, run.run_id, run.job_ref, run.number, is_log_only=is_log_only)
            self.post_message(Open(place))

    def do_item_end(self) -> None:
        """Stops the run under the cursor, or drains the region; asks first. A drained region is resumed."""
        run, region = self._held(), self._region()
        if region is not None:
            self._drain_or_resume(region)
        if run is None:
            return

        what = f"{view.name_of(run)} in {guard(run.workspace_name)}"
        silent = run.plane_id if run.left_seconds is None else ""
        self.act_on(stop_sheet(self.context, what, silent), lambda _yes: self._stop(run))

    def _drain_or_resume(self, region: PlaneHealth) -> None:
        if region.drained_at is not None:
            self.fetch(self._set_drained(region, is_drained=False), "act")
            return

        numbers = self._numbers(region.id)
        lines = view.drain_lines(region, numbers.runners if numbers else None)
        self.act_on(
            ConfirmSheet(self.context, f"Drain {guard(region.id)}?", "drain", lines),
            lambda _yes: self._set_drained(region, is_drained=True),
        )

    async def _set_drained(self, region: PlaneHealth, *, is_drained: bool) -> None:
        from dlthub_tui.client.administration import tend_data_plane

        control, name = self.context.connected.control, guard(region.id)
        does, back = ("drain", "resume") if is_drained else ("resume", "drain")
        await tend_data_plane(control, region.id, does)
        drained, resumed = f"{name} is drained.", f"{name} is given runs again."
        then = resumed if is_drained else drained
        self.context.undo = Undo(lambda: tend_data_plane(control, region.id, back), then)
        self.say(f"{drained if is_drained else resumed} {{undo}} takes that back.", Role.OK)
        await self.reload()

    def do_item_destroy(self) -> None:
        """Has the region remove environments that nobody needs; its name is typed."""
        region = self._region()
        if region is None:
            return

        lines = view.clean_lines(region, self._numbers(region.id))
        sheet = TypedSheet(self.context, f"Clean {guard(region.id)}", region.id, "clean", lines)
        self.act_on(sheet, lambda _yes: self._clean(region))

    async def _clean(self, region: PlaneHealth) -> None:
        from dlthub_tui.client.administration import tend_data_plane

        await tend_data_plane(self.context.connected.control, region.id, "clean")
        when = "with its next poll" if region.is_reachable else "when it answers, within a day"
        self.say(f"{guard(region.id)} hears it {when}, and measures its folders anew.", Role.OK)

    async def _stop(self, held: HeldRun) -> None:
        from dlthub_tui.client.runs import get_run

        workspace = await self._workspace(held)
        if workspace is not None:
            run = await get_run(self.context.connected.control, workspace.id, held.run_id)
            await Stopper(self.context, workspace, self).stop([run])
            await self.reload()

    def twin_of(self, action: Action) -> str:
        """Verbs on the run or the region under the cursor."""
        run, region = self._held(), self._region()
        if region is not None and action.id in {"item.end", "item.destroy"}:
            verb = "clean" if action.id == "item.destroy" else "drain" if region.drained_at is None else "resume"
            return in_shell(f"admin data-plane {verb}", region.id, reach=self.context.reach)
        if run is None:
            return super().twin_of(action)
        held = link_of_held(self.context.addresses.get(run.workspace_id, run.workspace_id), run.job_ref, run.number)
        return twin_of_run(action.id, held, self.context.reach) or super().twin_of(action)

    def detail_lines(self, width: int) -> list[Line]:
        """The plane, region or run under the cursor."""
        plane = self._plane()
        if plane is not None:
            return view.plane_details(plane, self._words.get(plane.id), self._key_at(plane.id), self.look, width)
        regions = (self._status.regions or ()) if self._status else ()
        region = next((region for region in regions if f"region/{region.id}" == self.rows.key), None)
        if region is not None and self._health is not None:
            is_reachable = any(each.id == region.id and each.is_reachable for each in self._health.planes)
            return region_view.region_details(region, is_reachable, self.look, width)
        run = self._held()
        if run is not None:
            return view.lease_details(run, self._status.find_use(run) if self._status else None, self.look, width)
        if self._health is None:
            return []
        home = str(self.context.client_folder.parent)
        return view.control_details(self._health, self._status, self.context.connected.origin, home, self.look, width)
