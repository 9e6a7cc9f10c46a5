"""What a tour leaves behind: an asciinema cast (version 2) of all that the terminal got, and stills as SVG."""

from __future__ import annotations

import codecs
import json
import time
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pyte import Screen
    from pyte.screens import Char

_FONT = 'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14"'
# Longer pauses are cut by who plays the cast.
_IDLE_SECONDS = 3
_CELL_WIDTH, _CELL_HEIGHT, _MARGIN = 8.4, 18, 12
_FOREGROUND, _BACKGROUND, _PAPER = "#d8d8d8", "#101214", "#101214"
_COLOURS = {
    "black": "#101214", "red": "#e06c75", "green": "#98c379", "brown": "#e5c07b", "blue": "#61afef",
    "magenta": "#c678dd", "cyan": "#56b6c2", "white": "#d8d8d8", "brightblack": "#7f848e", "brightred": "#e06c75",
    "brightgreen": "#98c379", "brightbrown": "#e5c07b", "brightblue": "#61afef", "brightmagenta": "#c678dd",
    "brightcyan": "#56b6c2", "brightwhite": "#ffffff",
}  # fmt: skip


@dataclass
class Cast:
    """Written as it happens, so that a tour that is ended early leaves a cast that plays. `path` is replaced."""

    path: Path
    columns: int
    rows: int
    _file: IO[str] | None = None
    _began: float = 0.0
    _decode: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))

    def open(self) -> None:
        """Begins. Raises: OSError."""
        self._file = self.path.open("w", encoding="utf-8")
        self._began = time.monotonic()
        header = {
            "version": 2, "width": self.columns, "height": self.rows, "timestamp": int(time.time()),
            "idle_time_limit": _IDLE_SECONDS, "title": "dlthub-tui demo", "env": {"TERM": "xterm-256color"},
        }  # fmt: skip
        self._file.write(json.dumps(header) + "\n")

    def put(self, piece: bytes) -> None:
        """What the terminal gets."""
        text = self._decode.decode(piece)
        if text and self._file is not None:
            self._file.write(json.dumps([round(time.monotonic() - self._began, 3), "o", text]) + "\n")

    def close(self) -> None:
        """May be called twice."""
        if self._file is not None:
            self._file.close()
            self._file = None


def render_still(screen: Screen, caption: str) -> str:
    """A screen and the caption below it, as an SVG that asks nobody for a font."""
    width = screen.columns * _CELL_WIDTH + 2 * _MARGIN
    height = (screen.lines + 1) * _CELL_HEIGHT + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" {_FONT}>',
        f'<rect width="100%" height="100%" rx="6" fill="{_PAPER}"/>',
    ]
    for row in range(screen.lines):
        cells = [screen.buffer[row][column] for column in range(screen.columns)]
        parts += _row(cells, row)
    top = _MARGIN + screen.lines * _CELL_HEIGHT
    parts += [_text(" " + caption, 0, top, "#e5c07b", is_bold=True), "</svg>"]
    return "\n".join(parts) + "\n"


def _row(cells: list[Char], row: int) -> list[str]:
    """Grounds first: a renderer whose letters are a little wider draws no ground over one."""
    top, column = _MARGIN + row * _CELL_HEIGHT, 0
    parts: list[str] = []
    texts: list[str] = []
    for look, run in groupby(cells, key=lambda cell: (*_colours(cell), cell.bold)):
        group = list(run)
        text = "".join(cell.data for cell in group)
        foreground, background, is_bold = look
        if background != _BACKGROUND:
            left, wide = _MARGIN + column * _CELL_WIDTH, len(group) * _CELL_WIDTH
            parts.append(f'<rect x="{left:g}" y="{top}" width="{wide:g}" height="{_CELL_HEIGHT}" fill="{background}"/>')
        if text.strip():
            texts.append(_text(text.rstrip(), column, top, foreground, is_bold=is_bold))
        column += len(group)
    return parts + texts


def _text(text: str, column: int, top: float, colour: str, *, is_bold: bool) -> str:
    weight = ' font-weight="bold"' if is_bold else ""
    left, wide = _MARGIN + column * _CELL_WIDTH, len(text) * _CELL_WIDTH
    return (
        f'<text xml:space="preserve" x="{left:g}" y="{top + 14:g}" textLength="{wide:g}" fill="{colour}"{weight}>'
        f"{escape(text, quote=False)}</text>"
    )


def _colours(cell: Char) -> tuple[str, str]:
    pair = _colour(cell.fg, _FOREGROUND), _colour(cell.bg, _BACKGROUND)
    return (pair[1], pair[0]) if cell.reverse else pair


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return _COLOURS.get(name, f"#{name}")
