"""The themes: one colour for each role of SCREENS 1.2. Contrast is recomputed from here by a test."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

Colors = dict[str, str]

NIGHT: Final[Colors] = {
    "ground-ground": "#12151C", "ground-raised": "#1A1F29", "ground-chosen": "#26344D", "role-text": "#E3E7EF",
    "role-muted": "#98A2B5", "role-accent": "#7FB4FF", "role-ok": "#7BD88F", "role-fail": "#FF8A8A",
    "role-warn": "#F2C063", "role-masked": "#DDA0F0", "role-place-1": "#AFB7FF", "role-place-2": "#62D6C6",
    "role-place-3": "#F5B58C", "role-place-4": "#E7A6C9", "role-rule": "#3A4356", "role-match": "#F2C063",
    "role-masked-ground": "#3A2545", "role-title": "#E3E7EF",
}  # fmt: skip
DAY: Final[Colors] = {
    "ground-ground": "#FBFBF8", "ground-raised": "#F0F0EB", "ground-chosen": "#DCE7F8", "role-text": "#1B2027",
    "role-muted": "#555E6C", "role-accent": "#0F56B3", "role-ok": "#1A6630", "role-fail": "#B02020",
    "role-warn": "#7A4F00", "role-masked": "#7D2A96", "role-place-1": "#4338B0", "role-place-2": "#00605A",
    "role-place-3": "#8A3B00", "role-place-4": "#8A2060", "role-rule": "#C5C8C6", "role-match": "#7A4F00",
    "role-masked-ground": "#F1E2F6", "role-title": "#1B2027",
}  # fmt: skip
CONTRAST: Final[Colors] = {
    "ground-ground": "#000000", "ground-raised": "#000000", "ground-chosen": "#002F73", "role-text": "#FFFFFF",
    "role-muted": "#D6D6D6", "role-accent": "#9CD0FF", "role-ok": "#7CFF9B", "role-fail": "#FFB3B3",
    "role-warn": "#FFE066", "role-masked": "#FFB8FF", "role-place-1": "#CFD3FF", "role-place-2": "#7DFFEE",
    "role-place-3": "#FFD0A8", "role-place-4": "#FFC6E6", "role-rule": "#A0A0A0", "role-match": "#FFE066",
    "role-masked-ground": "#000000", "role-title": "#FFFFFF",
}  # fmt: skip
SIXTEEN: Final[Colors] = {
    "ground-ground": "ansi_default", "ground-raised": "ansi_default", "ground-chosen": "ansi_default",
    "role-text": "ansi_default", "role-muted": "ansi_default", "role-accent": "ansi_cyan", "role-ok": "ansi_green",
    "role-fail": "ansi_red", "role-warn": "ansi_yellow", "role-masked": "ansi_magenta", "role-place-1": "ansi_blue",
    "role-place-2": "ansi_cyan", "role-place-3": "ansi_yellow", "role-place-4": "ansi_magenta",
    "role-rule": "ansi_default", "role-match": "ansi_default", "role-masked-ground": "ansi_default",
    "role-title": "ansi_default", "ansi-background": "ansi_default", "ansi-foreground": "ansi_default",
}  # fmt: skip

_STYLES: Final[Colors] = {
    "role-title-style": "bold", "role-accent-style": "", "role-fail-style": "", "role-match-style": "",
    "role-masked-style": "", "role-place-1-style": "bold", "role-place-2-style": "bold", "role-place-3-style": "bold",
    "role-place-4-style": "bold", "ground-raised-style": "", "ground-chosen-style": "",
}  # fmt: skip
_SIXTEEN_STYLES: Final[Colors] = _STYLES | {
    "role-accent-style": "bold", "role-fail-style": "bold", "role-match-style": "reverse",
    "ground-raised-style": "reverse", "ground-chosen-style": "reverse", "role-masked-style": "underline",
}  # fmt: skip
_PLAIN_STYLES: Final[Colors] = _SIXTEEN_STYLES | {"ink-colors": "none"}


def _theme(name: str, colors: Colors, styles: Colors, *, is_dark: bool = True, is_ansi: bool = False) -> Theme:
    return Theme(
        name=name,
        primary="ansi_blue" if is_ansi else colors["role-accent"],
        background=colors["ground-ground"],
        foreground=colors["role-text"],
        dark=is_dark,
        ansi=is_ansi,
        variables=colors | styles,
    )


THEMES: Final = (
    _theme("night", NIGHT, _STYLES),
    _theme("day", DAY, _STYLES, is_dark=False),
    _theme("contrast", CONTRAST, _STYLES),
    _theme("sixteen", SIXTEEN, _SIXTEEN_STYLES, is_ansi=True),
    _theme("plain", dict.fromkeys(SIXTEEN, "ansi_default"), _PLAIN_STYLES, is_ansi=True),
)
