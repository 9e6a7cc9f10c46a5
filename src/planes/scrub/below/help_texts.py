"""Defaults that the help of a command shows below the flag which they belong to, where the text is wrapped."""

import functools
import re
from typing import NamedTuple

from planes.scrub.below.model import Step, below, is_shown
from planes.scrub.below.rows import row_of
from planes.scrub.rules.named.vocabulary import KEY
from planes.scrub.search.engine import Pattern, compile_pattern

# So many lines a flag is explained in.
_MOST_LINES = 8
_DEFAULT = re.compile(rb"[\[(](?:[^\[\]()]{0,80}[;,] )?default:[ ](?=\S)")
_LEADS = re.compile(rb"[\[(](?:[^\[\]()]{0,80}[;,] )?default:$")


@functools.cache
def _flag() -> Pattern:
    return compile_pattern(rb"(?i)^-[^ \n][^\n]{0,60}?-?[0-9a-z_-]*" + KEY + rb"(?:[ ,=\]]|$)")


class HelpBelow(NamedTuple):
    """The text behind or below a flag.

    Attributes:
        prefix, indent: of the flag's line.
        is_led: whether the line above ended with `[default:`.
        left: lines that may still come.
    """

    prefix: bytes
    indent: int
    is_led: bool
    left: int = _MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        text = row.text
        if not text or self.left <= 0 or row.indent <= self.indent or text[:1] == b"-" or row.prefix != self.prefix:
            return [], None
        found = _DEFAULT.search(text)
        if self.is_led or found:
            begin = found.end() if found and not self.is_led else 0
            secret = text[begin:]
            secret = secret[:-1] if secret[-1:] in (b"]", b")") else secret
            return below(row.start + begin, row.start + begin + len(secret)) if is_shown(secret) else [], None
        return [], self._replace(is_led=_LEADS.search(text) is not None, left=self.left - 1)


def opened_help(line: bytes) -> HelpBelow | None:
    """What a line of help about a sensitive flag leaves open."""
    if line.find(b"--") < 0 or line.find(b"[masked:") >= 0:
        return None
    row = row_of(line)
    if row.text[:1] != b"-" or not row.indent or _flag().search(row.text) is None:
        return None
    return HelpBelow(row.prefix, row.indent, is_led=_LEADS.search(row.text) is not None)
