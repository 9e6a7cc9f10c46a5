"""Members of what is called by a plural, on its line: `passwords: {ada: …, bob: …}`, `api_tokens={'…', '…'}`."""

import re

from planes.scrub.below.model import is_shown
from planes.scrub.rulebook import Span
from planes.scrub.rules.judging.judges import FILE
from planes.scrub.rules.judging.looks import PUNCTUATED_MADE
from planes.scrub.rules.judging.other_meanings import GIVES_SEVERAL, PLURALS
from planes.scrub.rules.named.below import NAMED_BELOW

# What a plural opens.
_OPENS = re.compile(GIVES_SEVERAL + rb"([\[({])")
_LONGEST_PLURAL = 16
_BRACKET = re.compile(rb"[\[({]|[\])}]")
_QUOTED = re.compile(rb"[\[({,:>= ][ ]{0,4}[bu]?([\"'`])([^ \t\r\n\"'`\\]{6,})\1(?=[,\])} ]|$)")
# What ends a value without quotes, and does not end one in quotes.
_SEPARATED = re.compile(rb"[,;:=(){}\[\]]")
_MEMBER = re.compile(rb"[\[({,:>= ][ ]{0,4}\\*[bu]?[\"'`]?([^ \t\r\n\"'`,;:=\\(){}\[\]]{6,}={0,2})(?=[\"'`,\])}\\ ]|$)")
# A word and numbers, as in ids and dates: `job-2026-11-28`.
_NUMBERED = re.compile(rb"[A-Za-z]+(?:[-_.][0-9]+)+$")


def _inside(line: bytes) -> "tuple[int, int] | None":
    """Where the members of the first plural stand: from its bracket up to the one that closes it."""
    for opens in _OPENS.finditer(line):
        if line[max(0, opens.start() - _LONGEST_PLURAL) : opens.start()].lower().endswith(PLURALS):
            depth = 0
            for bracket in _BRACKET.finditer(line, opens.start(1)):
                depth += 1 if bracket[0] in b"[({" else -1
                if not depth:
                    return opens.start(1), bracket.start() + 1
            return opens.start(1), len(line)
    return None


def _is_made(member: bytes) -> bool:
    return is_shown(member) or PUNCTUATED_MADE.match(member) is not None


def told_members(line: bytes) -> list[Span]:
    """The members that look made; names, counts and places are members too."""
    has_bracket = line.find(b"{") >= 0 or line.find(b"[") >= 0 or line.find(b"(") >= 0
    inside = _inside(line) if has_bracket else None
    if inside is None:
        return []
    whole = [
        member.span(2)
        for member in _QUOTED.finditer(line, *inside)
        if _SEPARATED.search(member[2]) and _is_made(member[2])
    ]
    plain = [
        member.span(1)
        for member in _MEMBER.finditer(line, *inside)
        if not any(start <= member.start(1) < end for start, end in whole)
        and not _NUMBERED.match(member[1])
        and _is_made(member[1])
        and not FILE.match(member[1])
    ]
    return [Span(*place, NAMED_BELOW) for place in sorted(whole + plain)]
