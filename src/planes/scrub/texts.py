"""Whole texts and documents: results, traces, messages, definitions, names."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from planes.scrub.registered.registered import Registered
from planes.scrub.rulebook import coloured_spans, rulebook
from planes.scrub.rules.judging.plausible import is_placeholder
from planes.scrub.rules.model import Kind
from planes.scrub.rules.named.keys import is_sensitive_key
from planes.scrub.settings import ScrubSettings
from planes.scrub.stream import StreamScrubber

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

_DEEPEST = 200
_CONTINUING = bytes(range(0x80, 0xC0))
_TOO_DEEP = "[masked:too-deep]"
_SENSITIVE = "[masked:sensitive-key]"


class Hit(NamedTuple):
    """One find in a text: the rule, its kind, and [start, end) in characters."""

    rule: str
    kind: Kind
    start: int
    end: int


class _Masking(NamedTuple):
    registered: Registered
    settings: ScrubSettings | None


def scrub_text(text: str, registered: Registered | None = None, settings: ScrubSettings | None = None) -> str:
    """One text with registered values and rule hits masked; its line borders stay."""
    scrubber = StreamScrubber(registered or Registered.empty(), settings)
    scrubbed = scrubber.feed(text.encode("utf-8", "surrogatepass")) + scrubber.finish()
    return scrubbed.decode("utf-8", "surrogatepass")


def scrub_json(value: JSON, registered: Registered | None, settings: ScrubSettings | None = None) -> JSON:
    """A document with every text scrubbed, keys too, and plain values under sensitive keys masked.

    Beyond 200 levels a document becomes `[masked:too-deep]`: no cut-off may show what it did not look at.
    """
    return _scrubbed(value, _Masking(registered or Registered.empty(), settings), _DEEPEST)


def _scrubbed(value: JSON, masking: _Masking, depth: int) -> JSON:
    if isinstance(value, str):
        return scrub_text(value, *masking)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth <= 0:
        return _TOO_DEEP
    if isinstance(value, Mapping):
        named = _named_value(value)
        return {
            scrub_text(key, *masking): _member(named if key == "value" and named else key, member, masking, depth)
            for key, member in value.items()
        }
    return [_scrubbed(item, masking, depth - 1) for item in value]


def _named_value(value: "Mapping[str, JSON]") -> str | None:
    """The name in a `{"name": …, "value": …}` pair."""
    names = (value.get(key) for key in ("name", "key", "Name", "Key"))
    return next((name for name in names if isinstance(name, str)), None)


def _member(key: str, value: JSON, masking: _Masking, depth: int) -> JSON:
    if not is_sensitive_key(key):
        return _scrubbed(value, masking, depth - 1)
    return _sensitive(value, masking, depth - 1)


def _sensitive(value: JSON, masking: _Masking, depth: int) -> JSON:
    """A value under a sensitive key: texts and long numbers go; a document inside is judged by its own keys."""
    if isinstance(value, str):
        scrubbed = scrub_text(value, *masking)
        if scrubbed != value or len(value) < 3 or is_placeholder(value.encode("utf-8", "surrogatepass")):
            return scrubbed
        return _SENSITIVE
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _SENSITIVE if abs(value) >= 1000 else value
    if isinstance(value, Sequence):
        return [_sensitive(item, masking, depth - 1) for item in value] if depth > 0 else _TOO_DEEP
    return _scrubbed(value, masking, depth)


def find_hits(text: str) -> list[Hit]:
    """What the rules find in a text, in order; nothing is changed. Offsets are in characters."""
    hits: list[Hit] = []
    book = rulebook()
    before = 0
    for line in text.encode("utf-8", "surrogatepass").split(b"\n"):
        for span in coloured_spans(book, line):
            start = before + _characters(line[: span.start])
            hits.append(Hit(span.rule.name, span.rule.kind, start, start + _characters(line[span.start : span.end])))
        before += _characters(line) + 1
    if any(hit.kind == "key-block" for hit in hits):
        return hits
    return sorted([*hits, *_blocks(text)], key=lambda hit: hit.start)


def _characters(raw: bytes) -> int:
    return len(raw.translate(None, _CONTINUING))


# A key block over several lines, as far as it takes to be sure.
_BLOCK = re.compile(
    r"-----BEGIN [0-9A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[\s\"'+,]|\\[nr]|[A-Z][A-Za-z-]{3,12}: [^\n]{1,100}\n){0,60}[0-9A-Za-z+/=]{16}"
)


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
