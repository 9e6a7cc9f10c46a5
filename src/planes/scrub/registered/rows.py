"""Rows of repeated text (`kkkk…`) in which forms of registered values may begin that repeat themselves too."""

from collections.abc import Mapping

from planes.scrub.registered.groups import ANCHOR_LENGTH, Group, Row
from planes.scrub.registered.repeats import rotation, row_end
from planes.scrub.search.engine import compile_marks, compile_needles


class Rows:
    """Finds the few places of each row that matter, so that a row costs no more than its length."""

    __slots__ = ("_every", "_first", "_groups", "_turned")

    def __init__(self, groups: "Mapping[int, Group]") -> None:
        """Take the groups that have a period, by number; at least one."""
        self._groups = list(groups.values())
        anchors = [group.anchor for group in self._groups]
        self._first = compile_marks(anchors)
        self._every = compile_needles(anchors)
        by_rotation: dict[bytes, list[tuple[int, Group]]] = {}
        for number, group in groups.items():
            by_rotation.setdefault(rotation(group.anchor, group.period), []).append((number, group))
        # Of each group all that occur in the same rows.
        self._turned = [by_rotation[rotation(group.anchor, group.period)] for group in self._groups]

    def find(self, solid: bytes) -> "tuple[set[tuple[int, int]], list[Row]]":
        """In a text without white space: (place, number of the group) of the places that matter, and whole rows."""
        found: set[tuple[int, int]] = set()
        rows: list[Row] = []
        done = 0
        for index, start, _ in self._first.find(solid):
            waiting = [(index, start)] if start >= done else []
            while waiting:
                index, start = waiting.pop()
                period = self._groups[index].period
                end = row_end(solid, start, period)
                for number, group in self._turned[index]:
                    first = solid.find(group.anchor, start, min(end, start + period + ANCHOR_LENGTH))
                    if first >= 0:
                        found.update((place, number) for place in group.places_in_row(first, end))
                        row = group.row_in(first, end)
                        if row:
                            rows.append(row)
                # Another row may begin before this one has ended.
                done = max(done, end - ANCHOR_LENGTH + 1)
                beside = self._every.find(solid[done : end + ANCHOR_LENGTH])
                waiting += ((other, done + place) for other, place in beside)
        return found, rows
