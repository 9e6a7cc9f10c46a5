"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from cyclopts import CoercionError, Parameter, Token

from dlthub_tui.cli.completing import complete_job, complete_place, complete_run

Home = Annotated[str | None, Parameter(help="The platform's folder; default: DLTHUB_TUI_HOME, else your data folder.")]

Url = Annotated[
    str | None, Parameter(help="The control plane of another installation; default: DLTHUB_TUI_URL, else the home's.")
]

Switch = Annotated[bool, Parameter(negative="", show_default=False)]

# How the terminal app is opened.
ReadOnly = Annotated[bool, Parameter(negative="", show_default=False, help="Hide every action that changes something.")]
Ascii = Annotated[bool, Parameter(name="--ascii", negative="", show_default=False, help="Draw with ASCII only.")]
Slow = Annotated[bool, Parameter(negative="", show_default=False, help="For slow links: 16 colours, fewer repaints.")]
Calm = Annotated[bool, Parameter(negative="", show_default=False, help="Fewer repaints.")]


def _to_whole_number(_kind: object, tokens: Sequence[Token]) -> int:
    """The number that was typed. The parser would round 9.5 to 10, and take 0x10 for 16."""
    try:
        return int(tokens[0].value, 10)
    except ValueError:
        raise CoercionError(token=tokens[0], target_type=int) from None


Whole = Annotated[int, Parameter(converter=_to_whole_number)]

# One value each time it is given, so that the word behind it is never taken for another value.
T = TypeVar("T")
Repeated = Annotated[list[T] | None, Parameter(negative="", consume_multiple=False, show_default=False)]

Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False, help="One JSON object on one line.")]

# As `Json`, said in the command's own words.
JsonOf = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]

Follow = Annotated[
    bool, Parameter(name=("--follow", "-f"), negative="", show_default=False, help="Print its log until it is over.")
]

# Addresses, completed with the names of the installation that runs.
PlaceName = Annotated[str, Parameter(completer=complete_place)]
JobName = Annotated[str, Parameter(completer=complete_job)]
RunName = Annotated[str, Parameter(completer=complete_run)]
