"""Lets the terminal itself scroll rows of the screen: 15 bytes where painting the pane again costs 3 to 5 kB.

The library has no such thing and paints all of a pane that scrolled. This file alone touches its private names
(`_driver`, `_styles_cache`, `_batch_count`); `IS_ON` turns it off, and whenever anything else may lie over the rows
the answer is no and the pane is painted in full.
"""

from __future__ import annotations

from typing import Any, cast

from textual.app import App
from textual.widget import Widget

IS_ON = True


def can_scroll(widget: Widget, rows: int) -> bool:
    """Whether the terminal may move the widget's rows by `rows`: it spans the whole width and nothing lies over it."""
    app = _app(widget)
    region = widget.region
    return (
        IS_ON
        and 0 < abs(rows) < region.height
        and app.screen is widget.screen
        and not app.is_headless
        and not app.is_inline
        and app._batch_count == 0  # pyright: ignore[reportPrivateUsage] - there is no public way to ask
        and region.x == 0
        and region.width == app.size.width
        and region.bottom <= app.size.height
        and widget.styles.display != "none"
    )


def scroll_rows(widget: Widget, rows: int) -> None:
    """Moves the widget's rows on the terminal: up for positive `rows`, down for negative. New rows wait for paint."""
    app = _app(widget)
    driver = app._driver  # pyright: ignore[reportPrivateUsage] - as above
    if driver is None:
        return
    region = widget.region
    move = f"\x1b[{rows}S" if rows > 0 else f"\x1b[{-rows}T"
    driver.write(f"\x1b[{region.y + 1};{region.bottom}r{move}\x1b[r")


def forget_painted(widget: Widget) -> None:
    """What the library kept of the rows stands at other rows now."""
    widget._styles_cache.clear()  # pyright: ignore[reportPrivateUsage] - as above


def _app(widget: Widget) -> App[Any]:
    return cast("App[Any]", widget.app)  # pyright: ignore[reportUnknownMemberType] - generic in Textual
