"""A new organization, and the region that it is locked to for good."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import anyio
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from dlthub_tui.client.models import DataPlaneInfo
from dlthub_tui.messages import GoHome
from dlthub_tui.screens.frame.acting import READ_ONLY
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import TypedSheet
from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.viewmodel.installation import region_choice as view
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.places import NewOrganizationPlace, Place
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, guard, line, muted
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.lines import LinesView

NO_REGION = "This installation has no data plane yet. Add one: dlthub-tui admin data-plane add eu1 --place Europe."

ARROWS = "Left and right choose the region, {form.next} goes on."
NAMED = "it has this name; {item.add} on home makes another "
FOR_GOOD = "Chosen once. It cannot be changed later, by anyone."


class NewOrganizationScreen(PlaceScreen):
    """Where shall its data live? Chosen once, typed to confirm."""

    LAYERS: ClassVar[tuple[str, ...]] = ("typing", "form")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("choice.right", "region"), ("form.next", "continue"), ("nav.back", "leave"),
    )  # fmt: skip
    STYLES = "new_organization"

    def __init__(self, context: Context, place: NewOrganizationPlace) -> None:
        super().__init__(context)
        self.place = place
        self._choices: tuple[view.Choosable, ...] = ()
        self._at = 0
        self._is_loaded = False
        self._organization_id = place.organization_id

    def where(self) -> Place:
        """This place."""
        return self.place

    def crumbs(self) -> list[str]:
        """New, or the region of one that has none."""
        return ["dlthub-tui", self.place.name or "new organization"]

    def compose_body(self) -> ComposeResult:
        """Name, cards, ledger."""
        yield LinesView(lambda _width: [EMPTY_LINE])
        name = Field(self.look, line(" Name     "), text=self.place.name, widget_id="name")
        if self.place.organization_id is not None:
            name.set_hint(line(muted(name_keys(NAMED, self.look))))
        yield name
        yield LinesView(lambda _width: [EMPTY_LINE, line(" Region   ", muted(FOR_GOOD)), EMPTY_LINE])
        with Horizontal(id="regions"):
            yield LinesView(self._choice, widget_id="choice")
            yield LinesView(self._ledger, widget_id="ledger")

    def on_resize(self, event: events.Resize) -> None:
        """The table stands beside the cards where there is room."""
        self.set_class(event.size.width < view.WIDE, "narrow")

    def on_mount(self) -> None:
        """Typing goes into the name; an organization that exists has one."""
        self.set_class(self.size.width < view.WIDE, "narrow")
        if self.place.organization_id is None:
            self.type_into(self.query_one("#name", Field))
        self.fetch(self._load())

    async def _load(self) -> None:
        from dlthub_tui.client.installation import find_status, get_health
        from dlthub_tui.client.organizations import list_dataplanes

        plane = self.context.connected.control
        regions = sorted(await list_dataplanes(plane), key=lambda region: region.id)
        health = {each.id: each for each in (await get_health(plane)).planes}
        self.look.know_regions([region.id for region in regions])
        self._choices = tuple(view.Choosable(region=each, health=health.get(each.id)) for each in regions)
        self._is_loaded = True
        self._show()
        self.fetch(self._ask_regions(), "answers")
        status = await find_status(plane)
        told = {each.id: each for each in (status.regions if status else None) or ()}
        self._choices = tuple(replace(each, told=told.get(each.region.id)) for each in self._choices)
        self._show()

    async def _ask_regions(self) -> None:
        """Each says by itself how fast it answers."""
        async with anyio.create_task_group() as group:
            for choice in self._choices:
                if choice.health is not None and choice.health.url is not None and choice.health.is_reachable:
                    group.start_soon(self._ask_region, choice.region.id, choice.health.url)

    async def _ask_region(self, region_id: str, url: str) -> None:
        from dlthub_tui.client.installation import answer_seconds

        seconds = await answer_seconds(url)
        self._choices = tuple(
            replace(each, is_asked=True, seconds=seconds) if each.region.id == region_id else each
            for each in self._choices
        )
        self._show()

    def _show(self) -> None:
        self.query_one("#choice", LinesView).update()
        self.query_one("#ledger", LinesView).update()
        self.update_frame()

    @property
    def _chosen(self) -> DataPlaneInfo | None:
        return self._choices[self._at].region if self._choices else None

    def _choice(self, width: int) -> list[Line]:
        if not self._is_loaded:
            return [line(muted(f"   Asking which regions there are{self.look.glyphs.cut}"))]
        if self._chosen is None:
            return [line("   ", NO_REGION)]
        return [*view.cards(self._choices, self._chosen.id, self.look, width), EMPTY_LINE]

    def _ledger(self, width: int) -> list[Line]:
        if self._chosen is None:
            return []
        others = [each.region.id for each in self._choices if each.region is not self._chosen]
        return view.ledger(self._chosen.id, others, self.look, width)

    def do_choice_left(self) -> None:
        """The region to the left."""
        self._turn(-1)

    def do_choice_right(self) -> None:
        """The region to the right."""
        self._turn(1)

    def do_choice_next(self) -> None:
        """The next region."""
        self._turn(1)

    def do_choice_previous(self) -> None:
        """The region before."""
        self._turn(-1)

    def do_pane_next(self) -> None:
        """Nothing is chosen by it: the name keeps the typing."""
        self.say(ARROWS)

    def do_pane_previous(self) -> None:
        """As tab."""
        self.do_pane_next()

    def _turn(self, steps: int) -> None:
        if self._choices:
            self._at = (self._at + steps) % len(self._choices)
            self._show()

    def field_submitted(self, widget: Field | Choice) -> None:  # noqa: ARG002 - there is one
        """Enter in the name."""
        self.do_form_next()

    def do_form_next(self) -> None:
        """Asks the region who it is, then asks to type its name."""
        name, region = self.query_one("#name", Field).text.strip(), self._chosen
        why_not_named = view.why_not_named(name)
        if self.look.is_read_only:
            self.say(READ_ONLY)
        elif why_not_named is not None:
            self.say(why_not_named, Role.WARN)
        elif region is None:
            self.say(NO_REGION, Role.WARN)
        else:
            choice = self._choices[self._at]
            url = choice.health.url if choice.health is not None else None
            why_not = view.why_not_chosen(choice)
            if url is None or why_not is not None:
                self.say(why_not or f"{region.id} has no address.", Role.WARN)
            else:
                self.say(f"Asking {region.id} who it is{self.look.glyphs.cut}")
                self.fetch(self._confirm(name, region, url), "act")

    async def _confirm(self, name: str, region: DataPlaneInfo, url: str) -> None:
        from dlthub_tui.client.pins import recognise

        pin = await recognise(self.context.connected.pins, region.id, url)
        lines = view.lock_lines(name, region, pin.words, pin.fingerprint, self.look)
        sheet = TypedSheet(self.context, f"Lock {guard(name)} to {region.id}", region.id, "lock", lines)
        sheet.leaves = "go back, nothing is created"
        sheet.asks = "Type the region to lock it:"

        self.message_line.hush()
        self.act_on(sheet, lambda _yes: self._lock(name, region))

    async def _lock(self, name: str, region: DataPlaneInfo) -> None:
        from dlthub_tui.client.organizations import create_organization, set_region

        plane = self.context.connected.control
        if self._organization_id is None:
            self._organization_id = (await create_organization(plane, name)).id
        await set_region(plane, self._organization_id, region.id)
        said = f"{name} is locked to {region.id}."
        self.post_message(GoHome(said, f"organization/{self._organization_id}"))
