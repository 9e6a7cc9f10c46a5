"""What the settings say holds in the whole app: keys, theme, glyphs, motion, times; also while it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from textual.constants import get_environ
from textual.widget import Widget

from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.moving import MovingApp
from dlthub_tui.viewmodel.look import Look, Times
from dlthub_tui.viewmodel.options import AppOptions
from dlthub_tui.viewmodel.settings import TABLE, Chosen, read_settings, theme_of, unknown_tables
from dlthub_tui.widgets.themes import THEMES

SETTINGS_FILE = "settings.toml"


def _read_settings(folder: Path) -> tuple[dict[str, Any], str | None]:
    """What the settings file says. Most people have none, and need not wait for its reader."""
    if not os.access(folder / SETTINGS_FILE, os.F_OK):
        return {}, None
    from dlthub_tui.session.preferences import read_preferences

    return read_preferences(folder)


def _switches(options: AppOptions) -> dict[str, str]:
    """What the command line chose."""
    found = {
        "theme": options.theme,
        "glyphs": "ascii" if options.ascii else None,
        "motion": "calm" if options.calm else None,
        "ssh": "on" if options.slow else None,
        "read_only": "on" if options.read_only else None,
    }
    return {name: word for name, word in found.items() if word}


class ConfiguredApp(MovingApp, inherit_bindings=False):
    """Subclasses say what the app does; `folder` is the client's, where its settings file lies."""

    def __init__(self, options: AppOptions, folder: Path) -> None:
        # Without colour, and in the terminal's own sixteen, its palette decides: no conversion to true colour.
        self._is_plain = get_environ("NO_COLOR", None) is not None
        document, trouble = _read_settings(folder)
        chosen, troubles = read_settings(document.get(TABLE, {}), _switches(options))
        ssh = chosen.word("ssh")
        is_slow = ssh == "on" or (ssh == "auto" and options.is_remote)
        self._is_sixteen = is_slow or options.shows_sixteen_only
        super().__init__(ansi_color=True if self._is_plain or self._is_sixteen else None)
        self.options = options
        look = Look(is_slow=is_slow, now=options.now)
        self.context: Context = Context(
            look, folder, url=options.url, reach=options.reach, opens_browser=options.opens_browser,
            poll_seconds=options.poll_seconds,
        )  # fmt: skip
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        self._take(document, chosen, [trouble] if trouble else troubles)

    @property
    def is_ascii(self) -> bool:
        """Whether the terminal shows nothing else."""
        return self.context.look.is_ascii

    def watch_theme(self, _theme: str) -> None:
        """Rows are painted by roles: another theme paints them all again, even where no style of a widget differs."""
        self.call_later(self._repaint)

    def _repaint(self) -> None:
        for screen in self.screen_stack:
            for widget in (screen, *screen.walk_children(Widget)):
                widget.notify_style_update()
                widget.refresh()

    def _take(self, document: dict[str, Any], chosen: Chosen, troubles: list[str]) -> None:
        """What the settings say holds from now on; what is wrong with the file is said on home."""
        look = self.context.look
        self.context.chosen = chosen
        look.keys = {}
        if "keys" in document:
            from dlthub_tui.viewmodel.keys.keymap import read_keys

            look.keys, of_keys = read_keys(document["keys"])
            troubles = [*troubles, *of_keys]
        troubles = [*troubles, *unknown_tables(document)]
        self.context.troubles = troubles
        glyphs = chosen.word("glyphs")
        look.is_ascii = glyphs == "ascii" or (glyphs == "auto" and self.options.shows_ascii_only)
        look.is_calm = chosen.word("motion") == "calm" or look.is_slow
        look.is_read_only = chosen.word("read_only") == "on"
        look.times = cast("Times", chosen.word("times"))
        self.theme = theme_of(chosen, is_plain=self._is_plain, is_sixteen=self._is_sixteen)

    def on_setting_changed(self) -> None:
        """It holds at once, on every screen."""
        document, trouble = _read_settings(self.context.client_folder)
        chosen, troubles = read_settings(document.get(TABLE, {}), _switches(self.options))
        self._take(document, chosen, [trouble] if trouble else troubles)
        for screen in self.screen_stack:
            if isinstance(screen, ActingScreen):
                screen.rebind()
        self.on_times_changed()

    def on_times_changed(self) -> None:
        """Every screen says times in the other way."""
        from dlthub_tui.screens.places.place import PlaceScreen

        for screen in self.screen_stack:
            if isinstance(screen, PlaceScreen):
                screen.redraw()
