"""Where a value really ends: at the quote that closes it, however quotes inside it are written."""

import re

from planes.scrub.rules.judging.prose import is_common_text

# So far behind its beginning a closing quote is looked for.
_LONGEST = 4096
_BACKSLASH = 0x5C
# How a shell writes a quote inside a quoted text.
_SHELL = (b"\"'\"'", b"\\''")


def _slashes(line: bytes, place: int) -> int:
    """How many backslashes stand before a place."""
    if not place or line[place - 1] != _BACKSLASH:
        return 0
    before = line[max(0, place - 64) : place]
    return len(before) - len(before.rstrip(b"\\"))


def closing_end(line: bytes, opener: int) -> int:
    """Where the text ends that the quote at `opener` opens: its closing quote, less backslashes; -1: it is not closed.

    A quote that itself stands behind n backslashes (JSON inside JSON) is closed by one behind as many, or by that many
    and further pairs, each escaped so often; all others are signs of the text. A doubled quote (SQL, YAML) and a
    shell's `'\"'\"'` are signs of it too.
    """
    quote = line[opener : opener + 1]
    depth = _slashes(line, opener)
    place = opener + 1
    last = place + _LONGEST
    while (place := line.find(quote, place, last)) >= 0:
        if _slashes(line, place) % (2 * depth + 2) != depth:
            place += 1
        elif depth == 0 and line.startswith(quote, place + 1) and _is_inside(line[place + 2 : place + 3]):
            place += 2
        elif depth == 0 and quote == b"'" and line.startswith(_SHELL, place + 1):
            place += 5 if line[place + 1 : place + 2] == b'"' else 4
        else:
            return place - depth
    return -1


def _is_inside(following: bytes) -> bool:
    return bool(following) and (following.isalnum() or following in b"!$%&*+-./?@_~\\")


def full_end(line: bytes, start: int, end: int) -> int:
    """The end of a value whose pattern may have stopped at a quote inside it."""
    if line[max(0, start - 2) : start] == b"''" and line.startswith(b"''", end):
        return end  # a text in a text of SQL
    if line[start - 1 : start] in (b'"', b"'", b"`") and line[max(0, start - 3) : start] not in (b'"""', b"'''"):
        return max(end, closing_end(line, start - 1))
    return end


_BEHIND_QUOTE = re.compile(rb"[^\s,;:)\]}>|&=][^\s,;|]*")


def quote_inside_end(line: bytes, start: int, end: int) -> int:
    """The end of a value without quotes that holds one, in a line where none stands before it."""
    if line[end : end + 1] not in (b'"', b"'") or line[:start].find(b'"') >= 0 or line[:start].find(b"'") >= 0:
        return end
    rest = _BEHIND_QUOTE.match(line, end + 1)
    return rest.end() if rest else end


def enclosed_end(line: bytes, begin: int, end: int) -> int:
    """The end of a value without quotes of its own, where one quote encloses name and value: `"NAME=the value"`."""
    if line[end : end + 1] not in (b" ", b"\\", b'"', b"'"):
        return end
    opener = _OPENER.search(line, max(0, begin - 80), begin)
    if opener is None:
        return end
    stop = closing_end(line, opener.start())
    rest = line[end:stop]
    if (
        stop <= end
        or is_common_text(rest)
        or any(sign in rest for sign in (b"=", b"&", b";", b",", b"|", b": ", b"--", b"{", b"://"))
    ):
        return end
    return stop


# A quote that encloses what stands behind it: `'--token=`, `"STAGE=prod,TOKEN=`.
_OPENER = re.compile(rb"[\"'`][\w.@:/=,+-]*$")
_SOLID = re.compile(rb"[^ \t\r\n\"'`<>;,&|]*")
# Signs behind which a value surely ended: those that close something, at the end of a word; the next pair of a list;
# markup; an escape that a printer wrote.
_BORDER = re.compile(
    rb"[)\]}>\"'`,;.:|&\\]+(?:[ \t\r]|$)|[,;&|]+[ ]?\\*[\"']?[A-Za-z_][\w.\[\]-]*\\*[\"']?[=:]|[,;|]+[ ]?\\*[\"'{\[(]"
    rb"|</|<[A-Za-z]+[ />]|\\+[nrt]|\\*[\"'`][,;:)\]}]|&[a-z]{2,5};|[|;]{2}|&&|>>|>&[0-9]"
    rb"|[;|][a-z]{2,16}(?:[ \t\r]|$)|>[\w./-]*\.[a-z]{2,4}(?:[ \t\r]|$)"
)
_ESCAPED_PAIR = re.compile(rb"%(?:26|3[Bb]|2[Cc])[\w.%-]{1,40}(?:=|%3[Dd])")


def tail_end(line: bytes, begin: int, start: int, end: int) -> int:
    """The end of a secret without quotes that goes on behind a sign which elsewhere is a border: `Ab3<x>;9"z`.

    What stands there is no border: the same word goes on behind it, and neither another pair nor markup begins.
    """
    if line[start - 1 : start] in (b'"', b"'", b"`") or end - start > _LONGEST:
        return end
    enclosed: dict[bytes, bool] = {}  # counting takes long, so each sign is counted once
    while end < len(line) and line[end] not in b" \t\r\n":
        sign = line[end : end + 1]
        if sign not in _BORDERS or _BORDER.match(line, end):
            break
        if sign in _ENCLOSING and sign not in enclosed:
            enclosed[sign] = _is_enclosed(line, begin, sign)
        if enclosed.get(sign):
            break
        if sign == b"%" and _ESCAPED_PAIR.match(line, end):
            break
        solid = _SOLID.match(line, end + 1)
        end = solid.end() if solid else end + 1
        while line[end - 1 : end] in (b")", b"]", b"}", b".", b":") and line[end : end + 1] in (
            b"",
            b" ",
            b"\t",
            b"\r",
        ):
            end -= 1
    return end


_WORD = re.compile(rb"[0-9A-Za-z_-]*[0-9A-Za-z_]")
# What joins the parts of a token, and a part that a generator made: a capital, a small letter and a digit in each.
_JOINED = re.compile(rb"[.+/~-]([0-9A-Za-z_]{12,512})")
_CAPITAL, _SMALL, _DIGIT = re.compile(rb"[A-Z]"), re.compile(rb"[a-z]"), re.compile(rb"[0-9]")
_MOST_PARTS = 8


def token_end(line: bytes, end: int) -> int:
    """The end of a token that is longer than its format was when the rule was written, or has one part more."""
    if not line[end - 1 : end].isalnum():
        return end
    if line[end : end + 1].isalnum() and (rest := _WORD.match(line, end)):
        end = rest.end()
    for _ in range(_MOST_PARTS):
        part = _JOINED.match(line, end)
        if part is None or not all(kind.search(part[1]) for kind in (_CAPITAL, _SMALL, _DIGIT)):
            break
        end = part.end()
    return end


_ENCLOSING = (b'"', b"'", b"`", b">")
_BORDERS = (b'"', b"'", b"`", b"<", b">", b";", b",", b"&", b"|", b"%", b"\\", b"(", b")", b"]", b"}", b"=")


def _is_enclosed(line: bytes, begin: int, sign: bytes) -> bool:
    """Whether a sign closes what was opened before the name."""
    first = max(0, begin - _LONGEST)
    if sign != b">":
        return line.count(sign, first, begin) % 2 == 1
    return line.count(b"<", first, begin) > line.count(b">", first, begin)
