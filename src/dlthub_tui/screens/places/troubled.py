"""Places that say what is wrong: the row above, and the sheet with the six lines below (SCREENS 2.15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from dlthub_tui.client.errors import ClientError, NotAllowed, NotReachable, Refused, TimedOut
from dlthub_tui.screens.places.living import Living
from dlthub_tui.viewmodel.frame import PlaneState, with_control
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.text import Line, Role, Span, guard
from dlthub_tui.viewmodel.trouble import (
    Silence,
    Trouble,
    own_failure,
    refused,
    sheet_lines,
    silent_control,
    silent_region,
)
from dlthub_tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from dlthub_tui.screens.frame.context import Context
    from dlthub_tui.viewmodel.trouble import Noted

# What the sheet is for, and what leads to another place.
FOR_IT = frozenset({
    "link.retry", "copy.link", "doctor.open", "pane.details", "command.open", "palette.open", "help.open",
    "times.toggle", "log.commands", "row.open", "log.open", "deploy.open",
})  # fmt: skip
FOOTER = (
    ("link.retry", "try now"), ("copy.link", "copy error id"), ("doctor.open", "doctor"), ("row.open", "open"),
    ("nav.back", "back"),
)  # fmt: skip
ASKS_SECONDS = 5.0
"""How often the planes are asked after."""


class Troubled(Living):
    """Subclasses set `trouble` when something they asked for failed, and draw `answer_of_trouble` and the sheet."""

    DETAILS: ClassVar[str] = "#details"
    """What `i` turns off and on."""
    trouble: ClientError | None = None
    loaded_at: datetime | None = None

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._crash = ""
        self._met_errors: set[str] = set()

    def sheet_view(self) -> LinesView:
        """The sheet; a place without trouble has no row of it."""
        return LinesView(self._sheet, widget_id="trouble")

    @property
    def can_fold(self) -> bool:
        """Whether there is anything else to see here."""
        return True

    def region_state(self) -> PlaneState | None:
        region = self.region_lock()
        return next((plane for plane in self.context.planes if plane.id == region), None) if region else None

    @property
    def is_region_silent(self) -> bool:
        """Whether what goes on there may be over by now."""
        region = self.region_state()
        return region is not None and region.state != "up"

    @property
    def silent_region(self) -> str:
        """The region of this place while it does not answer, else nothing."""
        return (self.region_lock() or "") if self.is_region_silent else ""

    def met(self, key: str) -> Noted:
        """The error with its id, which is written down when it is met first."""
        self._met_errors.add(key)
        errors = self.context.errors
        noted = errors.find(key)
        if noted is None:
            from dlthub_tui.session.crashes import note_error

            noted = errors.meet(key, self.look.now())
            what = type(self.trouble).__name__ if self.trouble is not None else "silence"
            status = f" {self.trouble.status} {self.trouble.code}" if isinstance(self.trouble, Refused) else ""
            note_error(self.context.client_folder, noted.error_id, f"{key}: {self._crash or what}{status}", noted.since)
        return noted

    def trouble_now(self) -> Trouble | None:
        """What is wrong, the worst of it."""
        trouble, look = self.trouble, self.look
        origin = self.context.connected.origin if self.context.connection is not None else ""
        address = getattr(trouble, "address", None)
        place = " › ".join(self.crumbs()[-2:]).replace("›", look.glyphs.crumb)
        if self.context.live.is_spoken_of or (address is not None and address == origin):
            return silent_control(self._silence(), look)
        if self._crash:
            key = f"crash/{self._crash}"
            return own_failure(key, self._crash, place, self.met(key).since, look)
        region = self.region_state()
        if isinstance(trouble, NotReachable | TimedOut) and region is not None:
            if region.seen_at is None or region.state == "up":
                since = self.met(f"region/{region.id}").since
                region = PlaneState(region.id, region.state, region.since, since, region.url)
            return self.of_region(region, guard(trouble.what))
        if trouble is not None and not isinstance(trouble, NotAllowed):
            key = f"refused/{place}/{type(trouble).__name__}"
            return refused(key, guard(trouble.what), trouble.can, place, self.met(key).since, self.loaded_at, look)
        if trouble is None and region is not None and region.state != "up":
            return self.of_region(region, "")
        return None

    def of_region(self, region: PlaneState, why: str) -> Trouble:
        asks = ASKS_SECONDS if self.context.poll_seconds else 0.0
        noted = self.context.errors.find(f"region/{region.id}")
        tries = noted.tries if noted is not None else 0
        return silent_region(region, why, self.context.grace_seconds, asks, self.look, tries)

    def _silence(self) -> Silence:
        live, region, workspace = self.context.live, self.region_state(), self.workspace_here()
        why = live.why if live.is_spoken_of else getattr(self.trouble, "what", "")
        until = self.context.connected.regions.good_until(workspace.id) if workspace is not None else 0.0
        since = self.met("control").since
        if live.is_spoken_of:
            since = min(since, self.look.now() - timedelta(seconds=live.away_seconds))
        return Silence(
            why=guard(why or "no answer"), since=since, tries=live.tries if live.is_spoken_of else 0,
            next_seconds=live.seconds_to_next_try, region=region.id if region else None,
            region_until=datetime.fromtimestamp(until, UTC) if until else None,
            is_region_silent=self.is_region_silent,
        )  # fmt: skip

    def answer_of_trouble(self) -> Line | None:
        """The row that says it; None where nothing is wrong."""
        if isinstance(self.trouble, NotAllowed) and not self.context.live.is_spoken_of:
            return (
                (Span(self.refusal(self.trouble), Role.WARN),) if self.can_fold else (Span("Not for you.", Role.WARN),)
            )
        trouble = self.trouble_now()
        if trouble is None:
            self._all_is_well()
            return None
        return (Span(f"{self.look.glyphs.silent} {name_keys(trouble.sentence, self.look)}", Role.WARN),)

    def refusal(self, trouble: NotAllowed) -> str:
        """Who may, who you are, whom to ask."""
        return name_keys(guard(trouble.what if "Ask " in trouble.what else trouble.sentence), self.look)

    def _all_is_well(self) -> None:
        for key in self._met_errors:
            self.context.errors.end(key)
        self._met_errors.clear()

    def open_sheet(self) -> tuple[Trouble, str] | None:
        """The sheet that is open, and its error's id."""
        trouble = self.trouble_now()
        if trouble is None:
            return None
        error_id = self.met(trouble.key).error_id
        return (trouble, error_id) if error_id not in self.context.errors.folded or not self.can_fold else None

    def _sheet(self, width: int) -> list[Line]:
        found = self.open_sheet()
        return sheet_lines(*found, width, self.look) if found else []

    def show_trouble(self) -> None:
        """Draws the sheet again where it changed; the details make room for it."""
        for view in self.query("#trouble").results(LinesView):
            view.update()
        for view in self.query("#details").results(LinesView):
            view.set_class(self.open_sheet() is not None, "behind")

    def fold(self, *, is_folded: bool) -> bool:
        """Folds or unfolds what is open; False where nothing is wrong or nothing else is there to see."""
        trouble = self.trouble_now()
        if trouble is None or not self.can_fold:
            return False
        folded, error_id = self.context.errors.folded, self.met(trouble.key).error_id
        was = error_id in folded
        (folded.add if is_folded else folded.discard)(error_id)
        if was != is_folded:
            self.show_trouble()
            self.update_frame()
        return was != is_folded

    async def action_perform(self, action_id: str) -> None:
        """The first key that is neither for the sheet nor leads elsewhere folds it."""
        if action_id not in FOR_IT and not action_id.startswith(("tab.", "nav.")):
            self.fold(is_folded=True)
        await super().action_perform(action_id)

    def footer_entries(self) -> list[tuple[Action, str]]:
        """While the sheet is open: what it is for."""
        if self.open_sheet() is None:
            return super().footer_entries()
        opens = dict(self.FOOTER).get("row.open", "open")
        entries = ((self._find(each), opens if each == "row.open" else label) for each, label in FOOTER)
        return [(action, label) for action, label in entries if action is not None and self.why_not(action) is None]

    def do_copy_link(self) -> None:
        """While the sheet is open the error's id, else the deep link."""
        found = self.open_sheet()
        if found is None:
            super().do_copy_link()
            return
        self.host.copy_to_clipboard(found[1])
        self.say(f"Copied {found[1]}. {self._crash or 'errors.log'} in {self.context.client_folder.name}/ names it.")

    def turn_sheet(self) -> bool:
        """Folds or unfolds it; False where there is none."""
        return self.fold(is_folded=self.open_sheet() is not None)

    def do_pane_details(self) -> None:
        """The details, off and on; while something is wrong its sheet."""
        if self.turn_sheet():
            return
        if not self.query(self.DETAILS):
            self.say("There are no details here.")
            return
        details = self.query_one(self.DETAILS)
        is_shown = details.styles.display != "none"
        details.set_class(is_shown, "hidden")
        details.set_class(not is_shown, "asked")

    def know_control(self, *, answers: bool) -> None:
        """What the header says of the control plane, which nobody but its own answers tells of."""
        if answers or getattr(self.trouble, "address", None) == self.context.connected.origin:
            self.context.planes = with_control(self.context.planes, "up" if answers else "silent")

    def failed(self, error: BaseException, group: str) -> None:
        """What failed while loading stays on the screen: nothing of it can be shown."""
        if group == "load" and not isinstance(error, ClientError):
            self._crash = self.crash_file(error)
            self.redraw()
            return
        super().failed(error, group)

    def went_well(self) -> None:
        """What was asked for is there."""
        self.trouble, self._crash, self.loaded_at = None, "", self.look.now()
