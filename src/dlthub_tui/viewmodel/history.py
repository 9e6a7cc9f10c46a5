"""The places one was at, as a browser keeps them: back, forward, and a new way from where one is."""

from __future__ import annotations

from dlthub_tui.viewmodel.places import HomePlace, Place

MOST_PLACES = 100


class History:
    """`at` is the place one is at now; what lies behind it can be gone back to, what lies ahead forward."""

    def __init__(self) -> None:
        self._places: list[Place] = [HomePlace()]
        self._at = 0

    @property
    def at(self) -> Place:
        """Where one is."""
        return self._places[self._at]

    def forget(self) -> None:
        """Home is the only place one was at."""
        self._places[:], self._at = [HomePlace()], 0

    def visit(self, place: Place) -> None:
        """One went to a place; what lay ahead is forgotten."""
        if place == self.at:
            return
        del self._places[self._at + 1 :]
        self._places.append(place)
        del self._places[:-MOST_PLACES]
        self._at = len(self._places) - 1

    def went_back(self, place: Place) -> None:
        """One stepped back to a place: where it lies behind, what came after it lies ahead now."""
        for at in range(self._at, -1, -1):
            if self._places[at] == place:
                self._at = at
                return
        self.visit(place)

    def step(self, steps: int) -> Place | None:
        """The place so many steps on; None where there is none."""
        if not 0 <= self._at + steps < len(self._places):
            return None
        self._at += steps
        return self.at
