"""The forms in which a word could have been carried."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def forms_of(word: str) -> Mapping[str, bytes]:
    """Name of the form → its bytes. `word` is ASCII letters and digits, so no quoting changes it."""
    plain = word.encode("ascii")
    forms = {
        "plain": plain,
        "upper case": plain.upper(),
        "backwards": plain[::-1],
        "hexadecimal": plain.hex().encode(),
        "HEXADECIMAL": plain.hex().upper().encode(),
    }
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + plain)
        # The first and the last group depend on what stands beside the word.
        forms[f"base64 at {offset}"] = coded[4 if offset else 0 : len(coded) - 4]
    return forms


@dataclass(frozen=True, slots=True)
class _Form:
    name: str
    common: bytes
    texts: Mapping[str, bytes]


class SoughtWords:
    """Words that are looked for together, in each of their forms.

    What the words have in common in a form is looked for first. So words that begin alike cost no more than one, and
    content is read once for all of them.
    """

    def __init__(self, words: Sequence[str]) -> None:
        forms = {word: forms_of(word) for word in words}
        names = forms[words[0]] if words else ()
        self._forms: list[_Form] = []
        for name in names:
            texts = {word: forms[word][name] for word in words}
            self._forms.append(_Form(name, _in_common(list(texts.values())), texts))
        self.overlap = max((len(text) for one in forms.values() for text in one.values()), default=1) - 1
        """How much of a piece must be looked at again with the next, so that no word is cut in two."""

    def found_in(self, content: bytes) -> set[tuple[str, str]]:
        """Pairs of a word and the name of its form."""
        found: set[tuple[str, str]] = set()
        for form in self._forms:
            if form.common in content:
                found |= {(word, form.name) for word, text in form.texts.items() if text in content}
        return found


def _in_common(texts: list[bytes]) -> bytes:
    """The longer of what all begin with and what all end with; nothing when they have neither."""
    start = _beginning(texts)
    end = _beginning([text[::-1] for text in texts])[::-1]
    return max(start, end, key=len)


def _beginning(texts: list[bytes]) -> bytes:
    first, last = min(texts), max(texts)
    same = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[:same]
