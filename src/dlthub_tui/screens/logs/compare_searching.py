"""Search in two logs beside each other: the region looks through both, n and N go from hit to hit."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from contextlib import aclosing

from textual.message import Message

from dlthub_tui.screens.logs.log_searching import of_term
from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.viewmodel.logs.log_hits import MOST_HITS
from dlthub_tui.viewmodel.logs.search_terms import SearchTerm
from dlthub_tui.viewmodel.places import ComparePlace
from dlthub_tui.viewmodel.text import Role
from dlthub_tui.viewmodel.words import plural
from dlthub_tui.widgets.compare_view import CompareView


class FoundInBoth(Message):
    """Numbers of lines of both logs that hold the text; `is_whole` says that there are no more."""

    def __init__(self, text: str, ours: list[int], theirs: list[int], *, is_whole: bool) -> None:
        super().__init__()
        self.text, self.ours, self.theirs, self.is_whole = text, ours, theirs, is_whole


class CompareSearching(PlaceScreen):
    """One search at a time. Subclasses have a place."""

    place: ComparePlace
    _found: FoundInBoth | None = None

    @property
    def pane(self) -> CompareView:
        """The pane."""
        return self.query_one("#log", CompareView)

    def search(self, text: str) -> None:
        """Looks for a text in both logs; an empty one ends the search."""
        if why := SearchTerm(text).why_not():
            self.say(why, Role.WARN)
            return
        self.end_search()
        if text:
            self.pane.set_search(text)
            self.keep(f"/{text}   searching both logs   {{nav.back}} stops")
            self.fetch(self._search(text), "search")

    async def _search(self, text: str) -> None:
        run = self.place.run
        ours = await self._numbers(text, run.run_id)
        theirs = await self._numbers(text, self.place.other_id)
        is_whole = len(ours) < MOST_HITS and len(theirs) < MOST_HITS
        self.post_message(FoundInBoth(text, ours, theirs, is_whole=is_whole))

    async def _numbers(self, text: str, run_id: str) -> list[int]:
        from dlthub_tui.client.logs import Looked, search_lines

        workspace = self.place.run.workspace
        region = await self.context.connected.region(workspace)
        answers = search_lines(region, (workspace.id, run_id), of_term(text), limit=MOST_HITS)
        async with aclosing(answers) as found:
            return [each.number async for each in found if not isinstance(each, Looked)]

    def on_found_in_both(self, event: FoundInBoth) -> None:
        """Goes to the first hit from the cursor on, else to the first of all."""
        self._found = event
        hits = self._hits()
        more = "" if event.is_whole else " or more"
        self.keep(f"/{event.text}   {plural(len(event.ours) + len(event.theirs), 'line')}{more} in both logs")
        self.update_frame()
        if hits:
            at = bisect_left(hits, self.pane.place)
            self.pane.go_to_place(hits[at % len(hits)])
        else:
            self.say(f'No "{event.text}" in either log. Masked text cannot be searched.')

    def _hits(self) -> list[int]:
        found = self._found
        return self.pane.places_of(found.ours, found.theirs) if found is not None else []

    def go_to_hit(self, way: int) -> bool:
        """To the next hit (1) or the one before (-1); False where nothing is searched for."""
        if self._found is None:
            return False
        hits, place = self._hits(), self.pane.place
        at = bisect_right(hits, place) if way > 0 else bisect_left(hits, place) - 1
        if 0 <= at < len(hits):
            self.pane.go_to_place(hits[at])
        else:
            self.say(f"No match {'below' if way > 0 else 'above'}, {len(hits):,} in all.")
        return True

    def end_search(self) -> bool:
        """Stops a search, or forgets what it found; says whether there was anything."""
        was = self.stop_work("search") or bool(self._hits())
        self._found = None
        self.pane.set_search("")
        self.keep("")
        self.update_frame()
        return was

    def do_nav_back(self) -> None:
        """Ends the search, then goes back."""
        if not self.end_search():
            super().do_nav_back()
