"""Which lines of a log are shown: all, mine, errors, what is new, or what contains something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dlthub_tui.client.models import LogLine
from dlthub_tui.viewmodel.logs.log_rows import log_row
from dlthub_tui.viewmodel.logs.search_terms import SearchTerm
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import in_a_sentence

ORDER = ("all", "mine", "errors", "new")
# So many lines are chosen at most; 8 bytes each.
MOST_CHOSEN = 200_000


@dataclass(frozen=True, slots=True)
class LinesShown:
    """`kind` is one of `ORDER` or `containing`; `against` is the run that `new` compares with, `number` its number."""

    kind: str = "all"
    text: str = ""
    against: str = ""
    number: int = 0

    @property
    def name(self) -> str:
        """As it stands on the rule."""
        match self.kind:
            case "mine":
                return "without setup and runner"
            case "errors":
                return "errors only"
            case "new":
                return f"new since {self.number}"
            case "containing":
                return f'only "{in_a_sentence(self.text)}"'
            case _:
                return ""

    def fitting(self, lines: Iterable[LogLine], look: Look) -> list[int]:
        """Those of lines that arrive that are shown. What is new only the region knows."""
        match self.kind:
            case "mine":
                return [line.number for line in lines if line.source == "user"]
            case "errors":
                return [line.number for line in lines if log_row(line, look).is_error]
            case "containing":
                term = SearchTerm(self.text)
                return [line.number for line in lines if term.stands_in(log_row(line, look).plain)]
            case _:
                return []


def next_kind(kind: str) -> str:
    """What `v` switches to."""
    return ORDER[(ORDER.index(kind) + 1) % len(ORDER)] if kind in ORDER else "all"
