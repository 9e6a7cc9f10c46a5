"""What a terminal may be shown: text and colour, nothing that moves, hides, reorders or reports.

Of control sequences only SGR survives, and of SGR only colour, bold, faint, italic, underline, reverse and what turns
them off. All else becomes visible and inert.
"""

import re

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
# An SGR sequence, or one sign that may not be shown as it is. TAB may.
_NOT_PLAIN = re.compile(
    "\x1b\\[([0-9;:]{0,64})m|[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff\U000e0000-\U000e0fff"
    + "".join(map(chr, sorted(_UNSEEN)))
    + "]"
)


def display_guard(text: str) -> str:
    """One line (without terminator), safe to show on a terminal and still readable; the same when guarded again.

    TAB stays. An SGR state that is open at the end is reset there.
    """
    if not _NOT_PLAIN.search(text):
        return text
    is_open = False

    def shown(match: "re.Match[str]") -> str:
        nonlocal is_open
        if match[1] is None:
            return _visible(match[0])
        kept = _kept(match[1])
        if kept is None:
            return _visible("\x1b") + match[0][1:]
        is_open = kept
        return match[0]

    guarded = _NOT_PLAIN.sub(shown, text)
    return guarded + _RESET if is_open else guarded


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


def _visible(character: str) -> str:
    """C0 controls have pictures of their own; everything else is shown by number."""
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"
