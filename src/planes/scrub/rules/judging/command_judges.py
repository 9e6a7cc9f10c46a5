"""Decisions about words of commands and statements."""

import re

from planes.scrub.rules.judging.extents import enclosed_end, full_end
from planes.scrub.rules.judging.judges import is_other_name, quoted, random
from planes.scrub.rules.judging.plausible import is_code, is_placeholder
from planes.scrub.rules.judging.prose import is_common, phrase_end

# What a help text puts in the place of a value.
_METAVAR = re.compile(rb"[\[<]?[A-Z][A-Z_-]*[\]>,;.)]*$")


# A flag that takes no value: `--no-sessionid`.
_NEGATED = re.compile(rb"[^0-9A-Za-z-]?--no-")


def flag_pair(line: bytes, begin: int, start: int, end: int) -> int:
    """The element behind a flag in a list of arguments, unless it is a flag too."""
    return -1 if line[start : start + 1] == b"-" else quoted(line, begin, start, end)


def command(line: bytes, begin: int, start: int, end: int) -> int:
    """The password in a command line; a word behind `-p` that is a flag, a port or a path is none."""
    end = enclosed_end(line, start, full_end(line, start, end))
    secret = line[start:end]
    if secret[:1] in b"-/:=|>&" or (secret.isdigit() and len(secret) < 6) or len(secret) < 3:
        return -1
    return -1 if is_code(secret) or is_placeholder(secret) or is_other_name(line, begin) else end


def sql(line: bytes, begin: int, start: int, end: int) -> int:
    """A text behind a word of SQL; in prose (`invalid token 'x'`) it must look random."""
    word = line[begin : begin + 5]
    if word.isupper() or word[:4].lower() in (b"pass", b"iden"):
        return quoted(line, begin, start, end)
    return random(line, begin, start, end)


def flag(line: bytes, begin: int, start: int, end: int) -> int:
    """The word behind a flag, unless it is a flag too."""
    end = full_end(line, start, end)
    secret = line[start:end]
    if _NEGATED.match(line, begin):
        return -1
    if secret[:1] == b"-" or secret.startswith((b"id=", b"type=", b"src=", b"source=")) or is_help(line, start):
        return -1
    if is_code(secret) or _METAVAR.match(secret) or (secret.islower() and is_common(secret)):
        return -1
    return quoted(line, begin, start, end)


_LIST = re.compile(rb"\((?:[a-z][a-z_-]{0,40}(?:[ )]|$)|[\"'$)])")


def environment(line: bytes, begin: int, start: int, end: int) -> int:
    """What a variable is set to: one word in quotes or without, or words up to the end of the line."""
    if _LIST.match(line, start):
        return -1  # a list or a command: `set -l token (commandline -ct)`
    return flag(line, begin, start, max(end, phrase_end(line, start)))


# An item of a help text: flags, a gap, and what they do.
_HELP_ITEM = re.compile(rb"[ \t]{1,16}(?:-[0-9A-Za-z?], ?)?--?[\w-]+$")
_HELP_GAP = re.compile(rb"(?:[ ]{3,}|\t+)$")
_WIDEST_HELP = 256


def is_help(line: bytes, start: int) -> bool:
    """Whether a word behind a flag begins what a help text says of it: `  -W, --password      force a prompt`."""
    gap = _HELP_GAP.search(line, max(0, start - _WIDEST_HELP), start)
    return gap is not None and _HELP_ITEM.match(line, 0, gap.start()) is not None and line.find(b" ", start) > 0
