"""When garbage is looked for: while nobody waits for the answer to a key.

Screens that were left are garbage that is found only by looking through everything, and that takes 60 to 120 ms once
long lists were shown. Left alone, Python does it whenever enough was made, which is where a list is being shown.
"""

from __future__ import annotations

import gc
import time

from textual.app import App

EACH_SECONDS = 1.0
RESTS_SECONDS = 1.0
# A list of a thousand jobs leaves 35,000 objects: while it is read and shown the young are not looked at, which took an
# eighth of that time.
YOUNG = 50_000
FOURTH = 4
NEVER = 1_000_000
# Of so many that were made and are there, some may be garbage; of so many much, though keys come all the time.
SOME = 20_000
MUCH = 300_000


class Sweeper:
    """Looks for garbage where Python would have by itself, but later.

    Attributes:
        pressed_at: when the last key came, by the clock that only goes forward.
    """

    def __init__(self) -> None:
        self.pressed_at = time.monotonic()
        self._usual: tuple[int, int, int] | None = None

    def begin(self, app: App[int]) -> None:
        """What is there now stays, and is not looked through. May be called again."""
        if self._usual is None:
            self._usual = gc.get_threshold()
            gc.freeze()
            gc.set_threshold(YOUNG, FOURTH, NEVER)
            app.set_interval(EACH_SECONDS, self.look)

    def look(self) -> None:
        """Looks through everything if there may be something and nobody is at the keys, or if there may be much."""
        young, spared_once, spared_again = gc.get_count()
        made = young + YOUNG * (spared_once + FOURTH * spared_again)
        if made >= MUCH or (made >= SOME and time.monotonic() - self.pressed_at > RESTS_SECONDS):
            gc.collect()

    def end(self) -> None:
        """As it was: the process may go on without the app."""
        if self._usual is not None:
            gc.set_threshold(*self._usual)
            gc.unfreeze()
            self._usual = None
