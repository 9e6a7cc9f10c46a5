"""What a terminal may be shown: text and colour, nothing that moves, hides, reorders or reports.

Of control sequences only SGR survives, and of SGR only colour, bold, italic, underline, reverse and what turns them
off; faint is left out. All else becomes visible and inert. What survives is written so that every terminal reads it
alike: parts are separated by semicolons, since some terminals take a colon for one, and would find other commands in
it.
"""

import functools
import re

_RESET = "\x1b[0m"
# Single SGR numbers that pass: reset, bold, italic, underline, reverse, their ends, colours.
_PASSING = frozenset(
    [0, 1, 3, 4, 7, 21, 22, 23, 24, 27, *range(30, 38), 39, *range(40, 48), 49, *range(90, 98), *range(100, 108)]
)
# Faint text is so common that its sequences are left out rather than shown; it can make text unreadable.
_FAINT = "2"
# Terminals keep 16 parts at least, and differ in what they make of more.
_MOST_PARTS = 16
# Bidirectional controls, zero-width characters, and other signs that are not seen but change what is.
_UNSEEN_RANGES = (
    *((code, code + 1) for code in (0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2028, 0x2029, 0x3164)),
    *((0x180B, 0x1810), (0x200B, 0x2010), (0x202A, 0x202F), (0x2060, 0x2070), (0xFE00, 0xFE10), (0xFEFF, 0xFF00)),
    *((0xFFA0, 0xFFA1), (0xFFF0, 0xFFFC), (0x1BCA0, 0x1BCA4), (0x1D173, 0x1D17B), (0xE0000, 0xE1000)),
)
# A picture sign may say, once, whether it wants to be a picture or text; anywhere else a selector only hides something.
_PICTURES = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"
_PICTURE = re.compile(f"[{_PICTURES}]")
_SELECTORS = "\ufe0e\ufe0f"


def _passing_ranges() -> str:
    """All signs that are shown as they are, as ranges: what is left between those that are not."""
    controls = ((0, 0x09), (0x0A, 0x20), (0x7F, 0xA0), (0xD800, 0xE000))
    pieces: list[str] = []
    first = 0
    for begin, end in sorted((*controls, *_UNSEEN_RANGES, (0x110000, 0x110000))):
        if first < begin:
            pieces.append(f"{re.escape(chr(first))}-{re.escape(chr(begin - 1))}")
        first = end
    return "".join(pieces)


def _is_unseen(code: int) -> bool:
    return any(begin <= code < end for begin, end in _UNSEEN_RANGES)


# One sign that may not be shown as it is, with the SGR sequence that it begins. Written as what is *not* passing: most
# signs are, and then one look at a table settles it.
_NOT_PLAIN = re.compile(f"[^{_passing_ranges()}](?:(?<=\x1b)\\[([0-9;:]{{0,64}})m)?")


def display_guard(text: str) -> str:
    """One line (without terminator), safe to show on a terminal and still readable; the same when guarded again.

    TAB stays. An SGR state that is open at the end is reset there.
    """
    is_open = False

    def shown(match: "re.Match[str]") -> str:
        nonlocal is_open
        if match[1] is None:
            return _shown_sign(text, match.start())
        code, opens = _shown_code(match[1])
        if opens is not None:
            is_open = opens
        return code

    guarded = _NOT_PLAIN.sub(shown, text)
    return guarded + _RESET if is_open else guarded


@functools.lru_cache(maxsize=256)
def _shown_code(parameters: str) -> tuple[str, bool | None]:
    """What becomes of an SGR sequence, and whether it leaves something open (None: as before)."""
    kept = _kept(parameters)
    if kept is None:
        return f"{_visible(chr(0x1B))}[{parameters}m", None
    if not kept:
        return "", None
    return f"\x1b[{';'.join(kept)}m", kept[-1].strip("0") != ""


def _shown_sign(text: str, place: int) -> str:
    sign = text[place]
    if sign in _SELECTORS and place:
        before = text[place - 1]
        if _PICTURE.match(before) and (not _is_unseen(ord(before)) or before in _SELECTORS):
            return sign
    return _visible(sign)


def refused_in_name(text: str) -> str | None:
    """Why a name may not be stored, or None: control, bidirectional or zero-width characters. Contract: SECURITY 2."""
    for place, character in enumerate(text):
        code = ord(character)
        if code < 0x20 or 0x7F <= code < 0xA0:
            return f"control character U+{code:04X}"
        if character in _SELECTORS and place and _PICTURE.match(text[place - 1]):
            continue
        if _is_unseen(code):
            return f"{'bidirectional' if _is_bidirectional(code) else 'invisible'} character U+{code:04X}"
        if 0xD800 <= code <= 0xDFFF:
            return f"lone surrogate U+{code:04X}"
    return None


def _is_bidirectional(code: int) -> bool:
    return code in (0x061C, 0x200E, 0x200F) or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069


def _kept(parameters: str) -> list[str] | None:
    """What may pass of an SGR sequence, in parts that are joined by semicolons; None: it is shown as text."""
    parts = parameters.split(";")
    if len(parts) > _MOST_PARTS:
        return None
    kept: list[str] = []
    while parts:
        taken = 1
        if ":" in parts[0]:
            part = _without_colons(parts[0].split(":"))
            if part is None:
                return None
        elif parts[0] and int(parts[0]) in (38, 48):
            taken = {"5": 3, "2": 5}.get(parts[1] if len(parts) > 1 else "", 0)
            if not taken or len(parts) < taken or not all(map(_is_byte, parts[2:taken])):
                return None
            part = ";".join(parts[:taken])
        elif parts[0].lstrip("0") == _FAINT or int(parts[0] or 0) in _PASSING:
            part = parts[0]
        else:
            return None
        if part.lstrip("0") != _FAINT:
            kept.append(part)
        del parts[:taken]
    return kept


def _without_colons(parts: list[str]) -> str | None:
    """One parameter that has parts of its own: a colour, or a kind of underline; None: it may not pass."""
    if parts[0] == "4" and len(parts) == 2 and parts[1] in ("0", "1", "2", "3", "4", "5"):
        return "24" if parts[1] == "0" else "4"
    if parts[0] not in ("38", "48"):
        return None
    if parts[1] == "5" and len(parts) == 3 and _is_byte(parts[2]):
        return ";".join(parts)
    # a direct colour may name a colour space, most often as an empty part, before its three numbers
    if parts[1] == "2" and len(parts) in (5, 6) and all(map(_is_byte, parts[-3:])):
        return f"{parts[0]};2;{';'.join(parts[-3:])}"
    return None


def _is_byte(part: str) -> bool:
    return part.isdigit() and int(part) <= 255


def _visible(character: str) -> str:
    """C0 controls have pictures of their own; everything else is shown by number."""
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"
