"""How much of a value tells it: a piece that could as well be something else is left alone.

Many values begin as other texts do: addresses (`postgresql://`), prefixes of a provider (`sk_live_`), words. A piece
counts only where it reaches into what is random in the value, or is cut inside a word where no text would end.
"""

import re
from typing import NamedTuple

SHORTEST_PIECE = 8
# So many signs of a random part must be there; fewer could be the same by chance or by a provider's rule.
_TELLING_SIGNS = 4
_SHORTEST_RANDOM = 6
# Of a value that is made of words: so much of one word, of several words beside a mark, of several words without.
_LONG_WORD = 14
_LONG_WORDS = 12
_LONG_PIECE = 16
# Logs are full of numbers: without a mark, a beginning of digits alone tells only if it is longer than what they count.
_LONG_NUMBER = 13
# A value is made of words if they are so much of it.
_SHARE_OF_WORDS = 0.4
_SHARE_OF_LETTERS = 0.2
_NEVER = 1 << 30
# Signs of a form around a piece that say whether the piece is part of a random run.
_AROUND = 64
# So much of a form's beginning is judged.
_JUDGED = 512
_HEAD = 16

_RUN = re.compile(rb"[0-9A-Za-z]+")
# Runs of letters and digits as words, names and dates have them.
# A row of vowels is not shared out between two runs of small letters in every way.
_JOINED_WORDS = (
    rb"(?:(?=[a-z]+?[aeiouy][a-z])[a-z]++|[A-Z]{1,6})?(?:[A-Z](?=[b-df-hj-np-tv-xz]*+[aeiouy])[a-z]*+){1,5}[0-9]{0,4}"
)
_WORD = re.compile(
    rb"[a-z]{1,20}[0-9]{0,4}|[A-Z]{1,20}[0-9]{0,4}|[A-Z][a-z]{1,20}[0-9]{0,4}|[0-9]{1,7}|[0-9]{8}(?:T[0-9]{0,6}Z?)?|"
    + _JOINED_WORDS
)
_PURE_WORD = re.compile(rb"[a-z]{2,20}|[A-Z]{3,20}|[A-Z][a-z]{1,20}|" + _JOINED_WORDS)
# What makes a short run random too.
_MIXED = re.compile(rb"[a-z][A-Z]|[a-z][0-9]+[A-Za-z]")
# `sk_live_`, `xoxb-`: what a provider puts before the random part.
_PREFIX = re.compile(rb"(?:(?:[a-z]{2,12}|[A-Z]{2,12})[0-9]?[_-]){0,4}")
# What stands before the random part, or in its place: an address up to its password, a path, a document, a key's head
# (behind the line, what all keys of a kind have in common).
_ADDRESS = re.compile(
    rb"[A-Za-z][A-Za-z0-9+.-]*(?::|%(?:25){0,3}3[Aa])(?:\\*/|%(?:25){0,3}2[Ff]){2}"
    rb"(?:[^/@:%]*(?::|%(?:25){0,3}3[Aa])([^/@]*)(?:@|%(?:25){0,3}40))?"
)
_STRUCTURE = re.compile(
    rb"[~.]{0,2}\\*/[0-9A-Za-z._-]{2,}\\*/|[{\[]\\*[\"']|<[A-Za-z?!]|-----BEGIN[0-9A-Z]*-----(?:\\+[nr])*[0-9A-Za-z+/]{0,40}|%(?:25){0,3}(?:7[Bb]|5[Bb]|2[Ff])"
)
_PHRASE = re.compile(rb"[0-9A-Za-z_!?+#$ -]+")
_ESCAPE = re.compile(rb"%(?:25){0,3}[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\.")


class Profile(NamedTuple):
    """From how many signs on a beginning of a form tells the form.

    Attributes:
        marked: where a mark shows that it was shortened.
        unmarked: where it merely ends.
        is_words: whether the form is made of words: then a piece counts only if it is long or ends inside a word.
    """

    marked: int
    unmarked: int
    is_words: bool


def profile(form: bytes) -> Profile:
    """Judge one form, once."""
    address = _ADDRESS.match(form)
    structure = address or _STRUCTURE.match(form)
    if structure:
        telling = _first_random(form, structure.end())
        if address and address.start(1) >= 0:
            telling = min(telling, address.start(1) + _TELLING_SIGNS)
        return Profile(telling, telling, is_words=False)
    if not _is_of_words(form[:_JUDGED]) and not _is_of_words(form[:_HEAD]):
        prefix = _PREFIX.match(form)
        telling = max(SHORTEST_PIECE, (prefix.end() if prefix else 0) + _TELLING_SIGNS)
        return Profile(telling, telling, is_words=False)
    telling = _first_random(form, 0)
    if telling < _NEVER or not _PHRASE.fullmatch(form):
        return Profile(telling, telling, is_words=False)
    # The first word may be any word; two letters of the next are hardly chance.
    words = [run.start() for run in _RUN.finditer(form, 0, _JUDGED)]
    telling = max(SHORTEST_PIECE, words[1] + 2) if len(words) > 1 else _LONG_WORD
    return Profile(telling, max(_LONG_PIECE, telling), is_words=True)


def tells(form: bytes, judged: Profile, length: int, *, is_marked: bool) -> bool:
    """Whether the first `length` signs of a form tell it; `is_marked`: a mark of shortening follows."""
    if length < (judged.marked if is_marked else judged.unmarked):
        return False
    if not is_marked and length < _LONG_NUMBER and form[:length].isdigit():
        return False
    return not judged.is_words or _is_inside_word(form, length) or (is_marked and length >= _LONG_WORDS)


def piece_tells(form: bytes, start: int, end: int) -> bool:
    """Whether form[start:end], which stands beside a mark of shortening, tells the form."""
    if end - start < SHORTEST_PIECE:
        return False
    around = max(0, start - _AROUND)
    words = 0
    for run in _RUN.finditer(form, around, end + _AROUND):
        shown = min(end, run.end()) - max(start, run.start())
        if shown >= _TELLING_SIGNS and _is_random(run[0]):
            return True
        words += shown > 0
    if _ADDRESS.match(form) or _STRUCTURE.match(form):
        return False
    if not _is_of_words(form[around : end + _AROUND]):
        return True
    if not _PHRASE.fullmatch(form[:_JUDGED]):
        return False
    if words > 1 and end - start >= _LONG_WORDS:
        return True
    is_cut = (start > 0 and _is_inside_word(form, start)) or _is_inside_word(form, end)
    return is_cut and (words > 1 or end - start >= _LONG_WORD)


def _first_random(form: bytes, place: int) -> int:
    """From how many signs on a beginning reaches far enough into a random run."""
    for run in _RUN.finditer(form, place, place + _JUDGED):
        if _is_random(run[0]):
            return max(SHORTEST_PIECE, run.start() + _TELLING_SIGNS)
    return _NEVER


def _is_random(run: bytes) -> bool:
    if len(run) < _SHORTEST_RANDOM:
        return _MIXED.search(run) is not None
    return _WORD.fullmatch(run) is None


def _is_of_words(form: bytes) -> bool:
    """Whether words are much of a form; so are numbers and dates, which have next to no letters."""
    form = _ESCAPE.sub(b"", form)
    runs = _RUN.findall(form)
    words = sum(len(run) for run in runs if _PURE_WORD.fullmatch(run))
    letters = sum(map(len, runs)) - sum(form.count(digit) for digit in b"0123456789")
    return words >= _SHARE_OF_WORDS * len(form) or letters <= _SHARE_OF_LETTERS * len(form)


def _is_inside_word(form: bytes, place: int) -> bool:
    """Whether a cut before the sign `place` goes through a word."""
    return form[place - 1 : place].isalnum() and form[place : place + 1].isalnum()
