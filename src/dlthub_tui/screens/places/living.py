"""Places that the stream of changes tells of: what changed is drawn at once, and what else belongs to it is asked for.

However much changes, asking takes a quarter of the time at most, but for a moment: one change is asked about at once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.timer import Timer

from dlthub_tui.screens.places.place import PlaceScreen

if TYPE_CHECKING:
    from dlthub_tui.client.changes import Change
    from dlthub_tui.client.installation import Health
    from dlthub_tui.screens.frame.context import Context
    from dlthub_tui.session.live_state import News

_SOON_SECONDS = 0.001
_SHARE = 3.0
_FREE_SECONDS = 0.5


class Living(PlaceScreen):
    """Subclasses say what concerns them, take it in, and ask for the rest."""

    IS_TOLD: ClassVar[bool] = False
    """Whether all that it shows comes by the stream, so that it need not ask by itself while that is up."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._soon: Timer | None = None
        self._not_before = 0.0
        self._owed_until = 0.0

    @property
    def is_told(self) -> bool:
        """Whether it hears of what it shows."""
        return self.IS_TOLD and self.context.live.is_up

    def concerns(self, change: Change) -> bool:  # noqa: ARG002 - places differ
        """Whether it shows this."""
        return False

    def take_changes(self, changes: Sequence[Change]) -> bool:  # noqa: ARG002 - as above
        """Takes in what the changes say by themselves; whether anything is other than it was."""
        return False

    def show_changed(self) -> None:
        """Draws what was taken in."""

    async def ask_again(self) -> None:
        """Asks for all that it shows."""

    def heard(self, news: News) -> None:
        """What changed since the last frame."""
        mine = [change for change in news.changes if self.concerns(change)]
        if mine and self.take_changes(mine):
            self.show_changed()
        if self.IS_TOLD and (mine or news.is_all):
            self._ask_soon()

    def stream_moved(self) -> None:
        """The stream came or went."""
        self.update_frame()

    def planes_heard(self, health: Health) -> None:  # noqa: ARG002 - home lists them
        """How the planes are."""
        self.update_frame()

    def _ask_soon(self) -> None:
        if self._soon is None:
            wait = self._not_before - time.monotonic()
            self._soon = self.set_timer(max(_SOON_SECONDS, wait), self._ask_now)

    def _ask_now(self) -> None:
        self._soon = None
        if not self.is_seen:
            return  # it asks when one comes back to it
        if self.is_at_work("load"):
            self._not_before = time.monotonic() + self.context.batch_seconds
            self._ask_soon()
        else:
            self.fetch(self._ask_timed())

    async def _ask_timed(self) -> None:
        begun = time.monotonic()
        try:
            await self.ask_again()
        finally:
            now = time.monotonic()
            # What asking took is owed three times, and pauses begin when more than a moment is owed.
            self._owed_until = max(now, self._owed_until) + _SHARE * (now - begun)
            self._not_before = max(now + self.context.batch_seconds, self._owed_until - _FREE_SECONDS)
