"""The forms in which a word could have been carried."""

from __future__ import annotations

import base64
from collections.abc import Mapping


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
