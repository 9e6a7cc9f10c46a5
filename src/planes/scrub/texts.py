"""Whole texts and documents: results, traces, messages, definitions, names."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from planes.scrub.registered import Registered
from planes.scrub.rulebook import rulebook
from planes.scrub.rules.model import Kind
from planes.scrub.rules.names import is_sensitive_key
from planes.scrub.rules.plausible import is_placeholder
from planes.scrub.stream import StreamScrubber

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

_DEEPEST = 200


class Hit(NamedTuple):
    """One find in a text: the rule, its kind, and [start, end) in characters."""

    rule: str
    kind: Kind
    start: int
    end: int


def scrub_text(text: str, registered: Registered | None = None) -> str:
    """One text with registered values and rule hits masked; its line borders stay."""
    scrubber = StreamScrubber(registered or Registered.empty())
    scrubbed = scrubber.feed(text.encode("utf-8", "surrogatepass")) + scrubber.finish()
    return scrubbed.decode("utf-8", "surrogatepass")


def scrub_json(value: JSON, registered: Registered | None) -> JSON:
    """A document with every text scrubbed, keys too, and plain values under sensitive keys masked.

    Beyond 200 levels a document becomes `[masked:too-deep]`: no cut-off may show what it did not look at.
    """
    return _scrubbed(value, registered or Registered.empty(), _DEEPEST)


def _scrubbed(value: JSON, registered: Registered, depth: int) -> JSON:
    if isinstance(value, str):
        return scrub_text(value, registered)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth <= 0:
        return "[masked:too-deep]"
    if isinstance(value, Mapping):
        return {scrub_text(key, registered): _member(key, member, registered, depth) for key, member in value.items()}
    return [_scrubbed(item, registered, depth - 1) for item in value]


def _member(key: str, value: JSON, registered: Registered, depth: int) -> JSON:
    if isinstance(value, str) and is_sensitive_key(key):
        scrubbed = scrub_text(value, registered)
        if scrubbed != value or len(value) < 3 or is_placeholder(value.encode("utf-8", "surrogatepass")):
            return scrubbed
        return "[masked:sensitive-key]"
    return _scrubbed(value, registered, depth - 1)


def find_hits(text: str) -> list[Hit]:
    """What the rules find in a text, in order; nothing is changed. Offsets are in characters."""
    encoded = text.encode("utf-8", "surrogatepass")
    hits: list[Hit] = []
    book = rulebook()
    offset = characters = 0
    for line in encoded.split(b"\n"):
        for span in book.coloured_spans(line):
            start = characters + len(line[: span.start].decode("utf-8", "replace"))
            length = len(line[span.start : span.end].decode("utf-8", "replace"))
            hits.append(Hit(span.rule.name, span.rule.kind, start, start + length))
        characters += len(line.decode("utf-8", "surrogatepass")) + 1
        offset += len(line) + 1
    return hits + _blocks(text) if "PRIVATE KEY" in text else hits


_BLOCK = re.compile(r"-----BEGIN [0-9A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\"'\\nr]{0,40}?[0-9A-Za-z+/=]{16}")


def _blocks(text: str) -> list[Hit]:
    return [Hit("private-key", "key-block", match.start(), match.end()) for match in _BLOCK.finditer(text)]


_MASK = re.compile(r"\[masked:[^\]\n]*\]")


def mask_names_hidden(text: str) -> str:
    """`[masked:NAME]` as `[masked]`, for readers who may not know which variable it was. Contract: SECURITY 8."""
    return _MASK.sub("[masked]", text) if "[masked:" in text else text


def decode_lossless(data: bytes) -> str:
    """Bytes as text without surrogates and without loss: bytes that are no UTF-8 become `\\xff` forms.

    Used after scrubbing. Contract: CONTRACT D.2.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", "backslashreplace")
