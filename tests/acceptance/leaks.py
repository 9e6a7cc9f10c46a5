"""Secrets made at run time, and the search for any eight characters of them."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Mapping
from pathlib import Path

from ahocorasick_rs import AhoCorasick
from tests.acceptance.marks import files_with

WINDOW = 8
# Eight hexadecimal digits in a row are found by chance among the hashes of an installation.
HEX_WINDOW = 16
_SIGNS = string.ascii_letters + string.digits
SOURCE: random.Random = random.SystemRandom()


def random_word(length: int = 24) -> str:
    """Letters and digits, so no quoting changes them, and no window of them is anywhere by chance."""
    return "".join(SOURCE.choice(_SIGNS) for _ in range(length))


def random_key() -> str:
    """A key block as PEM files have it; its body is random."""
    body = "\n".join(base64.b64encode(SOURCE.randbytes(48)).decode() for _ in range(6))
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"


def words_of(value: str) -> list[str]:
    """What is random in a value: its lines without the frame of a key block."""
    return [line for line in value.splitlines() if not line.startswith("-----")]


def windows(value: str) -> set[str]:
    """Each eight characters of a value: as they are, backwards, in base64 at each offset; longer for hexadecimal."""
    found: set[str] = set()
    for word in words_of(value):
        plain = word.encode()
        coded = [base64.b64encode(b"\0" * offset + plain).decode()[4 if offset else 0 : -4] for offset in range(3)]
        for text in (word, word[::-1], *coded):
            found.update(text[place : place + WINDOW] for place in range(len(text) - WINDOW + 1))
        text = plain.hex()
        found.update(text[place : place + HEX_WINDOW] for place in range(len(text) - HEX_WINDOW + 1))
    return found


def leaked(text: str, values: Mapping[str, str]) -> dict[str, list[str]]:
    """Name → pieces of the value that stand in a text. Empty: nothing."""
    pieces = {name: windows(value) for name, value in values.items()}
    every = AhoCorasick(set().union(*pieces.values()))
    seen = set(every.find_matches_as_strings(text, overlapping=True))
    return {name: sorted(found & seen) for name, found in pieces.items() if found & seen}


def search_windows(folder: Path, values: Mapping[str, str]) -> dict[str, list[str]]:
    """File (relative to the folder) → names of the values of which a piece stands in it; also in what is compressed."""
    found = files_with(folder, {name: windows(value) for name, value in values.items()})
    return {file: sorted(name for name in found if file in found[name]) for file in set().union(*found.values())}
