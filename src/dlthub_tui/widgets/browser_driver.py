"""Textual's driver for a browser, whose terminal gives the marks of isolated text a cell and turns no text round."""

from __future__ import annotations

from textual.drivers import web_driver
from textual.drivers.web_driver import WebDriver

from dlthub_tui.viewmodel.text import without_isolation
from dlthub_tui.widgets.lasting_driver import EscapeFirst

# The driver makes its parser in the middle of the thread that reads.
web_driver.XTermParser = EscapeFirst  # pyright: ignore[reportPrivateImportUsage] - it is what the driver uses


class BrowserDriver(WebDriver):
    """WebDriver, for keys and pastes as in a terminal, and for text from the right beside other text."""

    def write(self, data: str) -> None:
        """Writes what its terminal can draw."""
        super().write(without_isolation(data))
