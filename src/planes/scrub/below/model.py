"""What every opening has in common."""

import re
from typing import Protocol, TypeAlias

from planes.scrub.rulebook import Span
from planes.scrub.rules.judging.looks import is_wordy, stands_out
from planes.scrub.rules.judging.plausible import is_code, is_jumbled, is_placeholder, is_sensitive, looks_random
from planes.scrub.rules.judging.prose import phrase_end
from planes.scrub.rules.named.below import CONTINUED, NAMED_BELOW

# Longer lines neither open anything nor go on with it.
LONGEST_LINE = 2048

_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z_.-]*")

# Several words that together name something: `AWS::S3::SessionAuth`, `disable_session_auth`.
_NAME_LIKE = re.compile(rb"[A-Za-z]+[0-9]?(?:[_:.-]+[A-Za-z]+[0-9]?)+")
_NO_WORD = re.compile(rb"[^\s()\[\]{},;:=<>|]{4,}={0,2}")


class Opening(Protocol):
    """What a line left open for those below it. Immutable, of constant size."""

    def take(self, line: bytes) -> "Step":
        """The secrets that this says to be in the next line, and what is open behind it."""
        ...


Step: TypeAlias = "tuple[list[Span], Opening | None]"


def below(start: int, end: int) -> list[Span]:
    """A secret, with a mark."""
    return [Span(start, end, NAMED_BELOW)] if start < end else []


def continued(start: int, end: int) -> list[Span]:
    """The rest of a secret, without one."""
    return [Span(start, end, CONTINUED)] if start < end else []


def is_secret(value: bytes) -> bool:
    """Whether a value below its name is one, where nothing else can stand."""
    if len(value) < 3 or is_placeholder(value) or value[:24].find(b"://") >= 0 or value.find(b"[masked:") >= 0:
        return False
    return not is_code(value) and not (_NAME_LIKE.fullmatch(value) and is_sensitive(value))


def is_telling(value: bytes) -> bool:
    """Whether a value looks like a secret where names and words are as likely."""
    return is_secret(value) and (looks_random(value) or is_wordy(value))


_LEAST_OF_KEY = 20


def is_long_key(value: bytes) -> bool:
    """Whether a value is a key in base64, where anything else may stand."""
    return len(value) >= _LEAST_OF_KEY and is_telling(value) and is_jumbled(value)


def is_shown(value: bytes) -> bool:
    """Whether a value is more than a word or a name where only one value stands."""
    return is_telling(value) or (is_secret(value) and (stands_out(value) or phrase_end(value, 0) == len(value)))


def is_no_word(value: bytes) -> bool:
    """Whether a value is a secret where words of other text may stand: it holds more than letters."""
    return is_secret(value) and bool(_NO_WORD.fullmatch(value)) and not _IDENTIFIER.fullmatch(value)
