"""What a terminal may be shown: text and colour, nothing that moves, hides, reorders or reports.

Of control sequences only SGR survives, and of SGR only colour, bold, faint, italic, underline, reverse and what turns
them off. All else becomes visible and inert.
"""

import re

_SGR = re.compile(r"\x1b\[([0-9;:]{0,64})m")
_HARMLESS = re.compile(r"[\t\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff]*\Z")
_RESET = "\x1b[0m"
# Single SGR numbers that pass: resets, bold, faint, italic, underline, reverse, their ends, colours.
_PASSING = frozenset(
    [0, 1, 2, 3, 4, 7, 21, 22, 23, 24, 27, *range(30, 38), 39, *range(40, 48), 49, *range(90, 98), *range(100, 108)]
)
# Bidirectional controls, zero-width characters, and other signs that are not seen but change what is.
_UNSEEN = frozenset(
    [
        *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x2028, 0x2029, 0x3164, 0xFEFF, 0xFFA0),
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xFFF9, 0xFFFC),
    ]
)


def display_guard(text: str) -> str:
    """One line (without terminator), safe to show on a terminal and still readable; the same when guarded again.

    TAB stays. An SGR state that is open at the end is reset there.
    """
    if _HARMLESS.match(text):
        return text
    pieces: list[str] = []
    is_open = False
    place = 0
    while place < len(text):
        match = _SGR.match(text, place) if text[place] == "\x1b" else None
        if match:
            kept = _kept(match[1])
            if kept is None:
                pieces.append(_visible("\x1b") + match[0][1:])
            else:
                pieces.append(match[0])
                is_open = kept
            place = match.end()
        else:
            pieces.append(_shown(text[place]))
            place += 1
    return "".join(pieces) + (_RESET if is_open else "")


def refused_in_name(text: str) -> str | None:
    """Why a name may not be stored, or None: control, bidirectional or zero-width characters. Contract: SECURITY 2."""
    for character in text:
        code = ord(character)
        if code < 0x20 or 0x7F <= code < 0xA0:
            return f"control character U+{code:04X}"
        if code in _UNSEEN or 0xE0000 <= code <= 0xE0FFF:
            return f"{'bidirectional' if _is_bidirectional(code) else 'invisible'} character U+{code:04X}"
        if 0xD800 <= code <= 0xDFFF:
            return f"lone surrogate U+{code:04X}"
    return None


def _is_bidirectional(code: int) -> bool:
    return code in (0x061C, 0x200E, 0x200F) or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069


def _kept(parameters: str) -> bool | None:
    """Whether an SGR sequence leaves something open; None: it may not pass."""
    numbers = parameters.replace(":", ";").split(";") if parameters else ["0"]
    is_open = False
    place = 0
    while place < len(numbers):
        number = int(numbers[place] or 0)
        if number in (38, 48):
            width = _colour_width(numbers[place + 1 :])
            if width is None:
                return None
            place += width
            is_open = True
        elif number not in _PASSING:
            return None
        else:
            is_open = number != 0
        place += 1
    return is_open


def _colour_width(rest: list[str]) -> int | None:
    if rest[:1] == ["5"] and len(rest) >= 2 and _is_byte(rest[1]):
        return 2
    if rest[:1] == ["2"]:
        skipped = 1 if len(rest) >= 5 and rest[1] == "" else 0
        if len(rest) >= 4 + skipped and all(_is_byte(part) for part in rest[1 + skipped : 4 + skipped]):
            return 4 + skipped
    return None


def _is_byte(part: str) -> bool:
    return part.isdigit() and int(part) <= 255


def _shown(character: str) -> str:
    code = ord(character)
    if character == "\t" or 0x20 <= code < 0x7F:
        return character
    if code < 0x20 or code == 0x7F:
        return _visible(character)
    if code < 0xA0 or code in _UNSEEN or 0xD800 <= code <= 0xDFFF or 0xE0000 <= code <= 0xE0FFF:
        return f"<U+{code:04X}>"
    return character


def _visible(character: str) -> str:
    """The control pictures block shows C0 controls as single signs."""
    code = ord(character)
    return "\u2421" if code == 0x7F else chr(0x2400 + code)
