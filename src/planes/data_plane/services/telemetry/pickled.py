"""Masking secrets in a pickle without loading it: its instructions are read, and only its texts are written anew.

A pickle is a program; the platform never runs one (Security: 8). What it would make stays what it was, but for texts in
which a registered value or a rule is found.
"""

from __future__ import annotations

import pickletools
from typing import cast

from planes.scrub import JSON, Registered, scrub_json

_TEXTS = {"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
_BYTES = {"SHORT_BINBYTES", "BINBYTES", "BINBYTES8"}
# A frame says how many bytes follow; without frames every reader manages as well.
_FRAME = "FRAME"


class NoPickle(ValueError):
    """What is no pickle, or is cut off."""


def scrub_pickle(content: bytes, registered: Registered) -> bytes:
    """The same program with secrets masked in its texts; the same bytes when there are none.

    Raises: NoPickle.
    """
    try:
        found = [(code.name, cast("object", argument), at or 0) for code, argument, at in pickletools.genops(content)]
    except (ValueError, UnicodeError, IndexError) as exc:
        raise NoPickle("this is no pickle") from exc
    texts = {number: text for number, (name, value, _) in enumerate(found) if (text := _text(name, value)) is not None}
    scrubbed = cast("list[str]", scrub_json(cast("JSON", list(texts.values())), registered))
    changed = {
        number: after for (number, before), after in zip(texts.items(), scrubbed, strict=True) if after != before
    }
    if not changed:
        return content
    ends = [at for _, _, at in found[1:]] + [len(content)]
    parts: list[bytes] = []
    for number, ((name, _, at), end) in enumerate(zip(found, ends, strict=True)):
        if number in changed:
            parts.append(_instruction(changed[number], is_text=name in _TEXTS))
        elif name != _FRAME:
            parts.append(content[at:end])
    return b"".join(parts)


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
