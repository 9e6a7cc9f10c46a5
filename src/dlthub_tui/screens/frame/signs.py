"""Tells the terminal where one is, that something runs, and when a long run has ended; it is as before at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.app import App

from dlthub_tui.viewmodel import terminal_signs as view
from dlthub_tui.viewmodel.settings import Chosen


class Signs:
    """Writes what changed, and nothing twice: what stands still costs no byte."""

    def __init__(self) -> None:
        self._title = ""
        self._has_progress = False
        self.ways: Sequence[str] = ()
        """By which sequences this terminal is told to notify its desktop."""
        self.in_tmux = False
        self._may_be_lost = False
        """tmux passes nothing on from a window that is not shown: the progress would stand there for good."""

    def show(self, app: App[Any], chosen: Chosen, crumbs: Sequence[str], separator: str, *, runs: bool) -> None:
        """Where one is, and whether something runs there."""
        if chosen.word("title") != "on":
            self.end(app)
            return
        title = view.title(crumbs, separator, runs=runs)
        if title != self._title:
            self._write(app, title if self._title else view.KEEP_TITLE + title)
            self._title = title
        if runs != self._has_progress:
            self._write(app, view.progress(runs=runs, in_tmux=self.in_tmux))
            self._has_progress, self._may_be_lost = runs, self.in_tmux

    def seen(self, app: App[Any]) -> None:
        """Somebody is in front of it, as a key says: what may not have arrived is said once more."""
        if self._may_be_lost:
            self._may_be_lost = False
            self._write(app, view.progress(runs=self._has_progress, in_tmux=True))

    def notify(self, app: App[Any], text: str) -> None:
        """A notification of the terminal's desktop."""
        self._write(app, view.notification(text, self.ways, in_tmux=self.in_tmux))

    def end(self, app: App[Any]) -> None:
        """The terminal is as it was. May be called twice."""
        if self._has_progress:
            self._write(app, view.progress(runs=False, in_tmux=self.in_tmux))
        if self._title:
            self._write(app, view.TITLE_BACK)
        self._title, self._has_progress, self._may_be_lost = "", False, False

    def _write(self, app: App[Any], text: str) -> None:
        driver = app._driver  # pyright: ignore[reportPrivateUsage] - the one way to the terminal
        if driver is not None and not app.is_headless:
            driver.write(text)
