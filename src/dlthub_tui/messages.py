"""Messages that cross screens; a widget's own are nested in the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from textual.message import Message

if TYPE_CHECKING:
    from dlthub_tui.viewmodel.places import Place


class Open(Message):
    """Go to a place; `instead` leaves the present one, as a tab does."""

    def __init__(self, place: Place, *, instead: bool = False) -> None:
        super().__init__()
        self.place, self.instead = place, instead


class GoHome(Message):
    """Back to home, which says `text`: then also to the guide, if that is where one came from.

    `row` is what was made: home's cursor goes there.
    """

    def __init__(self, text: str = "", row: str = "") -> None:
        super().__init__()
        self.text, self.row = text, row


class GoBack(Message):
    """One step back."""


class GoInHistory(Message):
    """So many places back (negative) or forward among those that were visited."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps


class AskFor(Message):
    """The help, the command line or the palette, about the screen that is up."""

    def __init__(self, what: Literal["help", "command", "palette"]) -> None:
        super().__init__()
        self.what = what


class AskToLeave(Message):
    """The user wants to end the app; `asks` whether that is meant, also where no run is active."""

    def __init__(self, *, asks: bool = False) -> None:
        super().__init__()
        self.asks = asks


class SessionEnded(Message):
    """The session is over; sign in again, the place is kept."""


class SignOut(Message):
    """The user ends the session; nothing of what it showed stays open."""


class ConnectAgain(Message):
    """Try to reach the installation again."""


class DrawAgain(Message):
    """Draw the whole terminal again: something else may have written to it."""


class SignedIn(Message):
    """There is a connection with a session; `is_first` is for the owner of a new installation."""

    def __init__(self, *, is_first: bool = False) -> None:
        super().__init__()
        self.is_first = is_first


class TimesChanged(Message):
    """How times are said is another; every screen draws again."""


class SettingChanged(Message):
    """A setting has another value; without an id, any of them may have."""

    def __init__(self, setting_id: str) -> None:
        super().__init__()
        self.setting_id = setting_id


class NextKey(Message):
    """Deal with the oldest key that waits."""
