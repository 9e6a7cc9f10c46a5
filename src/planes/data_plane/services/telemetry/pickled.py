"""Masking secrets in a pickle without loading it: its instructions are read, and only its texts are written anew.

A pickle is a program; the platform never runs one (Security: 8). What it would make stays what it was, but for texts in
which a registered value or a rule is found.
"""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from typing import cast

from planes.scrub import JSON, Registered, scrub_json

_TEXTS = {"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
_BYTES = {"SHORT_BINBYTES", "BINBYTES", "BINBYTES8"}
MOST_INSTRUCTIONS = 1_000_000
"""A trace of a pipeline with two thousand tables has a fifth of them."""

# A frame says how many bytes follow; without frames every reader manages as well.
_FRAME = "FRAME"


class NoPickle(ValueError):
    """What is no pickle, or is cut off."""


def scrub_pickle(content: bytes, registered: Registered) -> bytes:
    """The same program with secrets masked in its texts; the same bytes when there are none.

    Raises: NoPickle.
    """
    texts = [text for name, value, _, _ in _instructions(content) if (text := _text(name, value)) is not None]
    scrubbed = cast("list[str]", scrub_json(cast("JSON", texts), registered))
    if scrubbed == texts:
        return content
    pairs = iter(zip(texts, scrubbed, strict=True))
    written = bytearray()
    for name, value, at, end in _instructions(content):
        before, after = next(pairs) if _text(name, value) is not None else ("", "")
        if before != after:
            written += _instruction(after, is_text=name in _TEXTS)
        elif name != _FRAME:
            written += content[at:end]
    return bytes(written)


def _instructions(content: bytes) -> Iterator[tuple[str, object, int, int]]:
    """Name, argument, begin and end of each, never all at once: one of a byte takes a hundred in memory.

    Raises: NoPickle.
    """
    try:
        before: tuple[str, object, int] | None = None
        for number, (code, argument, at) in enumerate(pickletools.genops(content)):
            if number == MOST_INSTRUCTIONS:
                raise NoPickle("this has more instructions than are looked at")
            if before is not None:
                yield *before, at or 0
            before = code.name, argument, at or 0
    except (ValueError, UnicodeError, IndexError) as exc:
        raise NoPickle("this is no pickle") from exc
    if before is not None:
        yield *before, len(content)


def _text(name: str, value: object) -> str | None:
    if name in _TEXTS:
        return cast("str", value)
    if name in _BYTES:
        try:
            return cast("bytes", value).decode()
        except UnicodeDecodeError:
            return None
    return None


def _instruction(text: str, *, is_text: bool) -> bytes:
    encoded = text.encode("utf-8", "surrogatepass")
    return (b"X" if is_text else b"B") + len(encoded).to_bytes(4, "little") + encoded
