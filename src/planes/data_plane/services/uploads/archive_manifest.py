"""`manifest.yaml` of an archive: read as a stream of events, compared with what the archive really holds.

YAML's anchors, aliases, tags and directives are refused, so a small text cannot stand for a large one. Contract: 3.3.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from planes.data_plane.services.uploads.tar_stream import refusal

_ENGINE_VERSION = "1"
_MAXIMUM_FIELDS = 16
# For directives the parser takes time by the square of their number, in which no other thread of the region runs; in
# another encoding, which a mark announces, they could hide.
_DIRECTIVE_OR_MARK = re.compile(rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)|(?:\A|[\r\n]|\xc2\x85|\xe2\x80[\xa8\xa9])%")


@dataclass(frozen=True, slots=True)
class FileFact:
    """What is known of one file from its bytes. `target` is a link's text."""

    path: str
    size: int
    sha3_256: bytes
    target: str | None


def content_hash_of(facts: Sequence[FileFact]) -> str:
    """The hash by which clients compare; `facts` sorted by path. It is no address (Security: 7)."""
    digest = hashlib.sha3_256()
    for fact in facts:
        digest.update(fact.path.encode())
        digest.update(base64.b64encode(fact.sha3_256))
    return base64.b64encode(digest.digest()).decode()


def check_manifest(text: bytes | bytearray, facts: Sequence[FileFact]) -> None:
    """Every file listed once, in order, with its true size, digest and link; nothing else listed.

    Raises: InvalidRequest.
    """
    listed = _listed(text)
    for fact in facts:
        item = next(listed, None)
        if item is None or item.get("relative_path") != fact.path:
            raise refusal("the manifest does not list exactly the files, sorted by path", fact.path)
        if item.get("size_in_bytes") != str(fact.size):
            raise refusal("the manifest states another size", fact.path)
        if item.get("sha3_256") != base64.b64encode(fact.sha3_256).decode():
            raise refusal("the manifest states another digest", fact.path)
        if item.get("linkname") != fact.target:
            raise refusal("the manifest states another link", fact.path)
    extra = next(listed, None)
    if extra is not None:
        raise refusal("the manifest lists a file that is not there", extra.get("relative_path") or "?")


def _listed(text: bytes | bytearray) -> Iterator[dict[str, str | None]]:
    import yaml  # which the first upload waits for, and no start

    try:
        yield from _walk(_parse_events(text))
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise refusal("the manifest is not the YAML that is expected") from exc


@dataclass(frozen=True, slots=True)
class _Event:
    """One event: `kind` is the library's name for it; a scalar has `value` and whether it stands without quotes."""

    kind: str
    value: str = ""
    is_bare: bool = False


def _parse_events(text: bytes | bytearray) -> Iterator[_Event]:
    import yaml  # as above

    if _DIRECTIVE_OR_MARK.search(text):
        raise refusal("the manifest is not the YAML that is expected: it has directives or a byte order mark")
    loader: Any = yaml.CSafeLoader(io.BytesIO(text))
    try:
        while loader.check_event():
            event: Any = loader.get_event()
            kind = type(event).__name__.removesuffix("Event")
            if kind == "Alias" or getattr(event, "anchor", None) or getattr(event, "tag", None):
                raise refusal("the manifest uses anchors or tags")
            if kind == "Scalar":
                yield _Event(kind, event.value, event.style is None)
            elif kind not in {"StreamStart", "DocumentStart"}:
                yield _Event(kind)
    finally:
        loader.dispose()


def _walk(events: Iterator[_Event]) -> Iterator[dict[str, str | None]]:
    _expect(_next(events), "MappingStart")
    seen: set[str] = set()
    while (event := _next(events)).kind == "Scalar":
        key = event.value
        if key in seen:
            raise refusal("the manifest says the same thing twice")
        seen.add(key)
        if key == "files":
            yield from _items(events)
        elif key == "engine_version":
            version = _expect(_next(events), "Scalar")
            if version.value != _ENGINE_VERSION:
                raise refusal("the manifest has another engine version")
        else:
            raise refusal("the manifest has an unknown key")
    _expect(event, "MappingEnd")
    _expect(_next(events), "DocumentEnd")
    _expect(_next(events), "StreamEnd")
    if seen != {"engine_version", "files"}:
        raise refusal("the manifest lacks engine_version or files")


def _items(events: Iterator[_Event]) -> Iterator[dict[str, str | None]]:
    _expect(_next(events), "SequenceStart")
    while (event := _next(events)).kind == "MappingStart":
        yield _fields(events)
    _expect(event, "SequenceEnd")


def _fields(events: Iterator[_Event]) -> dict[str, str | None]:
    fields: dict[str, str | None] = {}
    while (event := _next(events)).kind == "Scalar":
        value = _expect(_next(events), "Scalar")
        if event.value in fields or len(fields) >= _MAXIMUM_FIELDS:
            raise refusal("the manifest says the same thing twice")
        is_null = value.is_bare and value.value in {"null", "~", ""}
        fields[event.value] = None if is_null and event.value == "linkname" else value.value
    _expect(event, "MappingEnd")
    return fields


def _next(events: Iterator[_Event]) -> _Event:
    return next(events, _Event("End"))


def _expect(event: _Event, kind: str) -> _Event:
    if event.kind != kind:
        raise refusal("the manifest is not the YAML that is expected")
    return event
