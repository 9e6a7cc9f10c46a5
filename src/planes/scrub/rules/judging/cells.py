"""Decisions about values in cells, where the name of a column, a type or a status is as likely."""

import re

from planes.scrub.rules.judging.judges import FILE, is_other_name, quoted
from planes.scrub.rules.judging.looks import HEXADECIMAL, PUNCTUATED_MADE, counts, is_wordy, stands_out
from planes.scrub.rules.judging.plausible import is_code, is_type, looks_random
from planes.scrub.rules.judging.prose import is_common, is_common_text, phrase_end

_COLUMN_NAME = re.compile(rb"[a-z]+(?:_[a-z]+)+|[A-Z]+(?:_[A-Z]+)+")
# A cell that begins the row, before the one of the name: then names of columns may stand in all of them.
_OTHER_CELL = re.compile(rb"[ \t|]*[A-Za-z_][\w ]*[ \t]*[|]?[ \t]*$")


def cell(line: bytes, begin: int, start: int, end: int) -> int:
    """What stands alone in the cell beside a name: not the name of the next column, no type, no status."""
    secret = line[start:end].rstrip(b" \t\"'`")
    words = is_common_text(secret) if secret.find(b" ") >= 0 else is_common(secret)
    if (
        words
        or is_type(secret)
        or is_code(secret)
        or (len(secret) < 6 and secret.isalpha())
        or _COLUMN_NAME.fullmatch(secret)
    ):
        return -1
    if (secret.isdigit() and len(secret) < 8) or (
        secret.isalpha() and secret.islower() and _OTHER_CELL.match(line, 0, begin)
    ):
        return -1
    if _OF_UNION.match(line, start - 1) and line.lstrip()[:1] != b"|" and not looks_random(secret):
        return -1
    return quoted(line, begin, start, start + len(secret))


# One of several texts that a type allows: `"csrfToken" | "providers" | "theme"`
_OF_UNION = re.compile(rb"([\"'])[A-Za-z0-9_-]+\1(?:[ ][|][ ]\1|[>;,)])")
_LONGEST_CELL = 4096
_GAP = re.compile(rb"[ ]{2}|\t")


def gap(line: bytes, begin: int, start: int, end: int) -> int:
    """The cell beside a name in a table of blanks: one that stands out, or a phrase."""
    end = min(end, start + _LONGEST_CELL)
    cut = _GAP.search(line, start, end)
    stop = cut.start() if cut else end
    stop = start + len(line[start:stop].rstrip(b" \t\r"))
    secret = line[start:stop]
    if secret.isdigit() and counts(line[begin:start]):
        return -1
    if secret.find(b" ") >= 0:
        return phrase_end(line, start) if phrase_end(line, start) == stop and not is_other_name(line, begin) else -1
    is_made = stands_out(secret) or looks_random(secret) or is_wordy(secret) or PUNCTUATED_MADE.match(secret)
    return quoted(line, begin, start, stop) if is_made and not is_type(secret) and not is_code(secret) else -1


def made(line: bytes, begin: int, start: int, end: int) -> int:
    """A value where a name, a type or a status is as likely: it looks made, or is a phrase that no sentence holds."""
    secret = line[start:end].rstrip(b" \t\r")
    end = start + len(secret)
    if is_type(secret) or is_code(secret) or FILE.match(secret) or (secret.isdigit() and counts(line[begin:start])):
        return -1
    is_made = looks_random(secret) or stands_out(secret) or is_wordy(secret) or PUNCTUATED_MADE.match(secret)
    return quoted(line, begin, start, end) if is_made or phrase_end(line, start) == end else -1


def cell_between(line: bytes, begin: int, start: int, end: int) -> int:
    """A value two cells behind its name; hexadecimal is the id or the digest of what is called so."""
    is_typed = line.find(b" REG_SZ ", begin, start) >= 0
    return -1 if HEXADECIMAL.fullmatch(line[start:end]) and not is_typed else made(line, begin, start, end)
