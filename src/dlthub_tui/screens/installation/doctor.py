"""What `doctor` finds on this machine and in this home."""

from __future__ import annotations

from typing import ClassVar

from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.session.doctoring import Finding
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.installation import doctor as view
from dlthub_tui.viewmodel.keys.shell_twins import in_shell
from dlthub_tui.viewmodel.places import DoctorPlace, Place
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import Line, muted


class DoctorScreen(ListScreen):
    """Is everything here that should be?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("link.retry", "look again"), ("list.filter", "filter"), ("copy.text", "copy row"), ("nav.back", "back"),
    )  # fmt: skip
    STYLES = "doctor"
    DETAIL_ROWS: ClassVar[int] = 5
    # A look takes a second of a processor: it is taken when it is asked for.
    FOLLOWS: ClassVar[bool] = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._findings: tuple[Finding, ...] = ()

    def where(self) -> Place:
        """The doctor."""
        return DoctorPlace()

    def crumbs(self) -> list[str]:
        """The doctor."""
        return ["dlthub-tui", "doctor"]

    def command_text(self) -> str:
        """The same in a shell."""
        return in_shell("doctor", reach=self.context.reach)

    async def load(self) -> None:
        """Looks."""
        from dlthub_tui.session.doctoring import examine

        self._findings = await examine(self.context.client_folder.parent)

    def sections(self) -> list[Section]:
        """What was looked at, by area."""
        rows = [(finding, view.finding_row(finding, self.look)) for finding in self._findings]
        shown = matching([row for _, row in rows], self.filter_text)
        areas = dict.fromkeys(finding.area for finding in self._findings)
        found = [
            Section(
                view.COLUMNS,
                tuple(row for finding, row in rows if finding.area == area and row in shown),
                area.capitalize(),
                shows_titles=False,
            )
            for area in areas
        ]
        with_rows = [section for section in found if section.rows]
        empty = no_match([row for _, row in rows], self.filter_text, "finding")
        return with_rows or [Section(view.COLUMNS, (), empty=(empty,))]

    def answer_line(self) -> tuple[Line, str]:
        """How much is bad, how much less than it could be."""
        if self.context.connection is not None and not self.context.connection.is_local:
            said = "This is your machine. On the platform's: dlthub-tui doctor"
            return (muted(said),), f"{len(self._findings)} looked at"
        return view.answer_of(self._findings, self.look), f"{len(self._findings)} looked at"

    def detail_lines(self, width: int) -> list[Line]:
        """The finding under the cursor, whole, and what to do."""
        found = next((one for one in self._findings if view.key_of(one) == self.rows.key), None)
        return view.finding_details(found, self.look, width) if found else []
