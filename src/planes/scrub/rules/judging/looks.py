"""What a value looks like that people make up, or that only its name tells from a number."""

import re

from planes.scrub.rules.judging.judges import UUID
from planes.scrub.rules.judging.plausible import is_code, is_placeholder
from planes.scrub.rules.judging.prose import is_common, is_common_text

# Words joined as in a passphrase; a word with what rules of passwords ask for.
_JOINED_WORDS = re.compile(rb"[A-Za-z]{3,12}(?:[-_.+][A-Za-z]{3,12}){2,7}[0-9]{0,4}[!?]?")
_STRENGTHENED = re.compile(rb"[A-Z][a-z]{3,12}[-_.]?[0-9]{2,6}[!?#$%&*@.]{1,3}")
# Letters, a digit, and two signs that no identifier, path or number holds side by side.
PUNCTUATED_MADE = re.compile(
    rb"(?=.*[0-9])(?=.*[A-Za-z])"
    rb"(?=.*[!#$%^&*?@+~<>=;|{}\[\]()\\`\"',][^ ]*[!#$%^&*?@+~<>=;|{}\[\]()\\`\"',:/._-])[!-~]{8,}$"
)
HEXADECIMAL = re.compile(rb"[0-9a-f]+|[0-9A-F]+")


def is_wordy(secret: bytes) -> bool:
    """Whether a text is words that no sentence joins so (`purple-falcon-tunnel`), or one made strong (`Falcon77!`)."""
    if _STRENGTHENED.fullmatch(secret):
        return not is_common_text(secret)
    return len(secret) >= 14 and bool(_JOINED_WORDS.fullmatch(secret)) and not is_common_text(secret)


# Where a list or a record goes on behind a value without quotes.
_NEXT_ITEM = re.compile(rb"[,;)\]}>|]+(?:[ \t]|$)")


def tail_stop(secret: bytes) -> int:
    """Where a value without quotes ends in a record: at a border that a blank follows."""
    found = _NEXT_ITEM.search(secret)
    return found.start() if found else len(secret)


# What counts tokens, and does not hold one.
_COUNTS = re.compile(rb"(?i:tokens?|keys|secrets|credentials)[\"'`\])]*[ \t:=]*(?:is|was|are)?[ \t:=]*$")


def counts(name: bytes) -> bool:
    """Whether a number behind a name is as likely how many there are."""
    return _COUNTS.search(name) is not None


_PUNCTUATED = re.compile(rb"(?=.*[a-z])(?=.*[A-Z])(?=.*[!#$%^&*?@+~])[!-~]{8,}$")
_NUMBERED = re.compile(rb"(?:[A-Za-z]{6,}[0-9]|[A-Za-z]{4,}[0-9]{2,6})[!?#$]?$")
# Two words and a number, as people make up passwords.
_TWO_WORDS = re.compile(rb"[A-Za-z]{3,12}[-_.!@#$%+][A-Za-z]{3,12}[0-9]{2,6}[!?#$]?$")


def stands_out(secret: bytes) -> bool:
    """Whether a text is more than a word behind the name of a variable: an id, a long number, a word with a number."""
    if UUID.match(secret) or (secret.isdigit() and len(secret) >= 8):
        return True
    if _TWO_WORDS.match(secret):
        return not is_common_text(secret)
    if _NUMBERED.match(secret):
        return not is_common(secret.rstrip(b"0123456789!?")) and not secret.startswith((b"base", b"scram"))
    is_punctuated = _PUNCTUATED.match(secret) is not None and not is_code(secret)
    return is_punctuated or _STRENGTHENED.fullmatch(secret) is not None


def looks_made(secret: bytes) -> bool:
    """Whether a text stands out, or is full of signs as what a generator made."""
    return stands_out(secret) or (PUNCTUATED_MADE.match(secret) is not None and not is_placeholder(secret))
