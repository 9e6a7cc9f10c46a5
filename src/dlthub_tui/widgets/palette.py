"""From roles to styles: the only place where a role becomes a look, by the variables of the theme."""

from __future__ import annotations

from typing import Any, Literal, cast

from rich.color import Color as RichColor
from rich.color import ColorParseError
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from dlthub_tui.viewmodel.text import Ink, Line, Role, cell_width, fit

Ground = Literal["ground", "raised", "chosen"]


class Palette:
    """The styles of one theme, made once each."""

    def __init__(self, variables: dict[str, str], *, is_ascii: bool = False) -> None:
        self._variables = variables
        self.cut = ".." if is_ascii else "…"
        self._made: dict[tuple[Role, Ground, Ink | None], Style] = {}

    def style(self, role: Role, ground: Ground = "ground", ink: Ink | None = None) -> Style:
        """How a role looks on a ground, with a program's own colours over it."""
        key = (role, ground, ink)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._make(role, ground, ink)
        return found

    def _make(self, role: Role, ground: Ground, ink: Ink | None) -> Style:
        words = self._variables.get(f"ground-{ground}-style", "")
        style = self._color(f"ground-{ground}", is_background=True) + self._words(words)
        if role is Role.MATCH:
            style += self._color("role-match", is_background=True) + self._color("ground-ground", is_background=False)
        else:
            style += self._color(f"role-{role.value}", is_background=False)
        if role is Role.MASKED:
            style += self._color("role-masked-ground", is_background=True)
        style += self._words(self._variables.get(f"role-{role.value}-style", ""))
        if ink is None:
            return style
        return style + _inked(ink, has_colors=self._variables.get("ink-colors") != "none")

    def _color(self, variable: str, *, is_background: bool) -> Style:
        value = self._variables.get(variable, "ansi_default")
        if value.startswith("ansi_"):
            color: RichColor | str = value.removeprefix("ansi_")
        else:
            color = Color.parse(value).rich_color
        return Style(bgcolor=color) if is_background else Style(color=color)

    @staticmethod
    def _words(words: str) -> Style:
        return Style.parse(words) if words else Style.null()


def _inked(ink: Ink, *, has_colors: bool) -> Style:
    def known(color: str | None) -> str | None:
        try:
            return color if has_colors and color and RichColor.parse(color) else None
        except ColorParseError:
            return None

    return Style(
        color=known(ink.color), bgcolor=known(ink.background), bold=ink.is_bold or None, italic=ink.is_italic or None,
        underline=ink.is_underlined or None, reverse=ink.is_reversed or None,
    )  # fmt: skip


def palette_of(widget: Widget) -> Palette:
    """The palette of the theme that is on; made again when the theme changes."""
    app = cast("App[Any]", widget.app)  # pyright: ignore[reportUnknownMemberType] - Textual's app is generic
    held: tuple[tuple[str, bool], Palette] | None = getattr(app, "_palette", None)
    wanted = app.theme, bool(getattr(app, "is_ascii", False))
    if held is None or held[0] != wanted:
        held = (wanted, Palette(app.theme_variables, is_ascii=wanted[1]))
        app._palette = held  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue] - a cache beside the theme
    return held[1]


def draw(palette: Palette, line: Line, width: int, ground: Ground = "ground") -> Strip:
    """A line as exactly `width` cells, one segment for each run of equal style."""
    segments: list[Segment] = []
    text, style, total = "", None, 0
    for span in fit(line, width, mark=palette.cut):
        wanted = palette.style(span.role, ground, span.ink)
        total += cell_width(span.text)
        # Blanks take the style before them where that looks the same: each change of style costs 40 bytes.
        if style is not None and wanted is not style and not span.text.strip(" ") and _same_blanks(wanted, style):
            wanted = style
        if wanted is style:
            text += span.text
            continue
        if text:
            segments.append(Segment(text, style))
        text, style = span.text, wanted
    if text:
        segments.append(Segment(text, style))
    return Strip(segments, total).adjust_cell_length(width, palette.style(Role.TEXT, ground))


def _same_blanks(one: Style, other: Style) -> bool:
    """Whether blanks look the same in both: the same ground, and nothing that shows on a blank."""
    return (
        one.bgcolor == other.bgcolor and not (one.reverse or other.reverse) and not (one.underline or other.underline)
    )
