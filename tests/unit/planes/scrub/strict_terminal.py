"""A terminal that obeys everything and writes down what it was made to do; and how a guarded line must look on it.

pyte is lenient: it knows no conceal, no eight-bit controls in text, no tags. This one follows ECMA-48 with the habits
of xterm, and reads colons in SGR in either of the two ways that terminals do.
"""

from __future__ import annotations

import re
from typing import NamedTuple

STRINGS = {"P": "DCS", "]": "OSC", "X": "SOS", "^": "PM", "_": "APC"}
HARMLESS_STYLES = ("bold", "italic", "underline", "reverse")
_TURNS_ON = {1: "bold", 3: "italic", 4: "underline", 7: "reverse", 21: "underline"}
_TURNS_OFF = {22: "bold", 23: "italic", 24: "underline", 27: "reverse"}


class Cell(NamedTuple):
    """One sign and its style: (attribute, value) pairs."""

    sign: str
    style: frozenset[tuple[str, str]]


class StrictTerminal:
    """`effects` is all it was made to do beside drawing `cells`; `style` is what the next sign would get."""

    def __init__(self, *, colon_separates: bool = False) -> None:
        self.effects: list[str] = []
        self.cells: list[Cell] = []
        self.style: dict[str, str] = {}
        self._colon_separates = colon_separates

    def feed(self, text: str) -> None:
        """Obey one line."""
        place = 0
        while place < len(text):
            sign = text[place]
            code = ord(sign)
            place += 1
            if sign == "\x1b" or 0x80 <= code < 0xA0:
                opening = text[place : place + 1] if sign == "\x1b" else chr(code - 0x40)
                place = self._sequence(text, place + (sign == "\x1b"), opening)
            elif (code < 0x20 and sign != "\t") or code == 0x7F:
                self.effects.append(f"control {code:02x}")
            elif is_unseen(text, place - 1):
                self.effects.append(f"unseen {code:04x}")
            else:
                self.cells.append(Cell(sign, frozenset(self.style.items())))

    def _sequence(self, text: str, place: int, opening: str) -> int:
        if opening in STRINGS:
            self.effects.append(STRINGS[opening])
            end = re.compile("\x1b\\\\|\x9c|\x07|\x18|\x1a|$").search(text, place)
            return end.end() if end else len(text)
        if opening != "[":
            self.effects.append(f"ESC {opening!r}")
            return place
        start = place
        while place < len(text) and not "@" <= text[place] <= "~":
            if text[place] in "\x18\x1a\x1b" or ord(text[place]) > 0x7E:
                self.effects.append("CSI cut")
                return place
            if text[place] < " ":
                self.effects.append("control in CSI")
            place += 1
        parameters = re.sub(r"[\x00-\x1f]", "", text[start:place])
        final = text[place : place + 1]
        if final == "m" and re.fullmatch("[0-9;:]*", parameters):
            self.sgr(parameters)
        else:
            self.effects.append(f"CSI {parameters} {final}")
        return place + 1

    def sgr(self, parameters: str) -> None:
        """Change the style."""
        if self._colon_separates:
            parameters = parameters.replace(":", ";")
        parts = parameters.split(";")
        while parts:
            part = parts.pop(0)
            if ":" in part:
                self._grouped(part.split(":"))
            elif (number := int(part or 0)) in (38, 48):
                self._colour(number, parts)
            else:
                self._single(number)

    def _grouped(self, parts: list[str]) -> None:
        numbers = [int(part or 0) for part in parts]
        if numbers[0] == 4:
            self._single(4 if numbers[1] else 24)
        elif numbers[0] in (38, 48) and numbers[1] == 2 and len(parts) == 6:
            self._colour(numbers[0], ["2", *parts[3:]])
        elif numbers[0] in (38, 48):
            self._colour(numbers[0], parts[1:])
        else:
            self.effects.append(f"SGR {':'.join(parts)}")

    def _colour(self, number: int, parts: list[str]) -> None:
        if any(":" in part for part in parts[:4]):
            self.effects.append("SGR colour mixed")
            parts.clear()
            return
        kind = int(parts.pop(0) or 0) if parts else 0
        count = {5: 1, 2: 3}.get(kind, 0)
        values = [parts.pop(0) for _ in range(min(count, len(parts)))]
        if not count or len(values) < count:
            self.effects.append("SGR colour cut")
        self.style["ink" if number == 38 else "ground"] = f"{kind}:" + ",".join(
            str(int(value or 0)) for value in values
        )

    def _single(self, number: int) -> None:
        if number == 0:
            self.style.clear()
        elif number in _TURNS_ON:
            self.style[_TURNS_ON[number]] = "on"
        elif number in _TURNS_OFF:
            self.style.pop(_TURNS_OFF[number], None)
        elif number in (39, 49):
            self.style.pop("ink" if number == 39 else "ground", None)
        elif 30 <= number <= 37 or 90 <= number <= 97:
            self.style["ink"] = str(number)
        elif 40 <= number <= 47 or 100 <= number <= 107:
            self.style["ground"] = str(number)
        else:
            self.effects.append(f"SGR {number}")


# Default_Ignorable_Code_Point of Unicode 16, with the line and paragraph separators and what annotates.
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)


def is_unseen(text: str, place: int) -> bool:
    """Whether the sign there would not be seen. A picture may say once that it is one."""
    if not _IGNORABLE.match(text[place]):
        return False
    before = ord(text[place - 1]) if place else 0
    is_picture = before in (0xA9, 0xAE) or 0x203C <= before <= 0x3299 or 0x1F000 <= before <= 0x1FAFF
    is_seen_before = bool(place) and not _IGNORABLE.match(text[place - 1])
    return text[place] not in "\ufe0e\ufe0f" or not (is_picture and is_seen_before)


_BYTE = "0*(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_SINGLE = "0*(?:[012347]|2[12347]|[34][0-79]|9[0-7]|10[0-7])?"
_COLOUR = (
    f"(?:0*[34]8;(?:5;{_BYTE}|2;{_BYTE};{_BYTE};{_BYTE})|[34]8:(?:5:{_BYTE}|2:(?:[0-9]*:)?{_BYTE}:{_BYTE}:{_BYTE}))"
)
_MAY_PASS = re.compile(f"(?:{_COLOUR}|{_SINGLE}|4:[0-5])(?:;(?:{_COLOUR}|{_SINGLE}|4:[0-5]))*")
_ANY_SGR = re.compile("\x1b\\[([0-9;:]*)m")


def expected_cells(raw: str) -> list[Cell]:
    """What a guarded line must look like: harmless styles applied, everything else readable as signs."""
    drawn = StrictTerminal()
    place = 0
    while place < len(raw):
        found = _ANY_SGR.match(raw, place)
        if found and len(found[1]) <= 64 and found[1].count(";") < 16 and _MAY_PASS.fullmatch(found[1]):
            drawn.sgr(found[1])
            place = found.end()
            continue
        for sign in readable(raw, place):
            drawn.cells.append(Cell(sign, frozenset(drawn.style.items())))
        place += 1
    return drawn.cells


def readable(text: str, place: int) -> str:
    """One sign as it is to be read."""
    code = ord(text[place])
    if code < 0x20 and code != 9:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x80 <= code < 0xA0 or is_unseen(text, place):
        return f"<U+{code:04X}>"
    return text[place]
