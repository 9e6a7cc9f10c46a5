"""An index of pieces of registered values: which eight bytes in a row stand in which form, and what tells a form."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain

from planes.scrub.registered import telling
from planes.scrub.registered.groups import ANCHOR_LENGTH, Form, Group

# Windows are kept of so many bytes at either end of a form; and about so many in all (3 MB).
_INDEXED = 512
_MOST_WINDOWS = 20_000


class PieceIndex:
    """Looks up pieces. Shared by all streams of a run; what it makes, it makes once."""

    __slots__ = ("_firsts", "_groups", "_profiles", "_starts", "_telling", "_windows")

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups
        self._firsts = (0, *accumulate(map(len, groups)))  # how many forms come before those of each group
        self._starts: list[int] = []  # where each form begins, were they written one behind the other
        self._windows: dict[bytes, int] | None = None
        self._profiles: dict[bytes, telling.Profile] = {}
        self._telling: dict[bytes, int] = {}

    def windows(self) -> "Mapping[bytes, int]":
        """Every eight bytes in a row of the common forms; made when they are first asked for."""
        if self._windows is None:
            self._windows = {}
            size = 0
            for form in chain.from_iterable(group.forms for group in self._groups):
                self._starts.append(size)
                if form.is_common and len(self._windows) < _MOST_WINDOWS:
                    self._add(form.solid, size, self._windows)
                size += len(form.solid)
        return self._windows

    def _add(self, solid: bytes, size: int, windows: "dict[bytes, int]") -> None:
        last = len(solid) - ANCHOR_LENGTH + 1
        places = range(last) if last <= 2 * _INDEXED else (*range(_INDEXED), *range(last - _INDEXED, last))
        for place in places:
            windows.setdefault(solid[place : place + ANCHOR_LENGTH], size + place)

    def locate(self, window: bytes) -> tuple[Form, int] | None:
        """A form in which eight bytes stand, and where."""
        place = self.windows().get(window)
        if place is None:
            return None
        number = bisect_right(self._starts, place) - 1
        group = bisect_right(self._firsts, number) - 1
        return self._groups[group].form(number - self._firsts[group]), place - self._starts[number]

    def profile(self, form: Form) -> telling.Profile:
        """How much of the form's beginning tells it."""
        judged = self._profiles.get(form.solid)
        if judged is None:
            judged = self._profiles[form.solid] = telling.profile(form.solid)
        return judged

    def telling(self, group: Group) -> int:
        """Of how many bytes on a beginning of one of these forms may tell it."""
        least = self._telling.get(group.anchor)
        if least is None:
            least = self._telling[group.anchor] = min(self.profile(form).marked for form in group.forms)
        return least

    def may_tell(self, group: Group, solid: bytes, start: int) -> bool:
        """Whether enough of one of these forms begins at a place of a text to tell it, as far as the text goes."""
        least = self.telling(group)
        return least <= group.longest and group.begins(solid[start : start + least])
