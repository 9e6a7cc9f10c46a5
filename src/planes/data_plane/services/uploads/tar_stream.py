"""Reads a gzip tar archive from a stranger, one block at a time, with every size bounded.

Only what the platform's archives need is understood: regular files, symbolic links, and the headers that carry long
names (pax `x`, GNU `L` and `K`). Everything else, and everything that two readers could understand differently, is
refused. Nothing is written and no more than a few blocks are in memory. Contract: 3.3.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from planes.domain.errors import InvalidRequest, Reason, TooLarge

BLOCK = 512
_PIECE = 64 * 1024
_GZIP = 31  # zlib's window size plus "one gzip member, checked"
_REGULAR, _OLD_REGULAR, _LINK = b"0", b"\0", b"2"
_PAX, _GNU_NAME, _GNU_LINK = b"x", b"L", b"K"
_KINDS = {
    b"1": "a hard link", b"3": "a character device", b"4": "a block device", b"5": "a folder entry",
    b"6": "a named pipe", b"7": "a contiguous file", b"S": "a sparse file", b"g": "a global header",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one archive. `ratio` counts from `ratio_floor_bytes` unpacked on."""

    unpacked_bytes: int
    members: int = 100_000
    header_bytes: int = 64 * 1024
    ratio: int = 200
    ratio_floor_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry as the archive states it: nothing about it is trusted yet. `target` is set for a link."""

    name: bytes
    size: int
    mode: int
    target: bytes | None


def refusal(rule: str, *members: str, advice: str = "") -> InvalidRequest:
    """The error of an archive that breaks a rule; `members` are made safe to show. `advice` says what helps."""
    place = f" ({' and '.join(map(display_safe, members))})" if members else ""
    reason = Reason(key="file", message=rule + place)
    return InvalidRequest("archive_refused", f"The archive was refused: {rule}{place}. {advice}".rstrip(), (reason,))


def display_safe(name: str) -> str:
    """A name that cannot move a cursor or hide: everything unusual is escaped, and it is short."""
    shown = name.encode("ascii", "backslashreplace").decode()
    shown = "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in shown)
    return shown if len(shown) <= 80 else f"{shown[:50]}…{shown[-25:]}"


class _Inflated:
    """What comes out of the gzip stream, bounded in total and in ratio."""

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._inflater = zlib.decompressobj(_GZIP)
        self._buffer = b""
        self._packed = 0
        self.unpacked = 0

    def exactly(self, size: int) -> bytes:
        """Raises: InvalidRequest when the stream ends before."""
        pieces: list[bytes] = []
        while size:
            piece = self.some(size)
            if not piece:
                raise refusal("it is truncated")
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def some(self, limit: int) -> bytes:
        """Between one and `limit` bytes, or none at the end."""
        while not self._buffer:
            if self._inflater.eof:
                return b""
            self._fill()
        taken, self._buffer = self._buffer[:limit], self._buffer[limit:]
        return taken

    def check_end(self) -> None:
        """Only the tar's own zero padding may follow, then the gzip stream must end, and so must the file."""
        while piece := self.some(_PIECE):
            if piece.count(0) != len(piece):
                raise refusal("something follows its end")
        if self._inflater.unused_data or self._source.read(1):
            raise refusal("something follows its end")

    def _fill(self) -> None:
        packed = self._inflater.unconsumed_tail
        if not packed:
            packed = self._source.read(_PIECE)
            self._packed += len(packed)
            if not packed:
                raise refusal("it is truncated" if self._packed else "it is empty")
        try:
            self._buffer = self._inflater.decompress(packed, _PIECE)
        except zlib.error as exc:
            raise refusal("it is not a gzip stream, or a damaged one") from exc
        self.unpacked += len(self._buffer)
        if self.unpacked > self._limits.unpacked_bytes:
            raise TooLarge("too_large", "The archive unpacks to more than the region takes.")
        if self.unpacked > max(self._limits.ratio_floor_bytes, self._packed * self._limits.ratio):
            raise refusal(f"it unpacks to more than {self._limits.ratio} times its size")


class TarStream:
    """The members of one archive, in order. `content` belongs to the member that was yielded last."""

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        self._inflated = _Inflated(source, limits)
        self._limits = limits
        self._left = 0
        self._padding = 0

    def members(self) -> Iterator[Member]:
        """Each member after the one before was read to its end, and at last that nothing follows.

        Raises: InvalidRequest, TooLarge.
        """
        count = 0
        while (member := self._next()) is not None:
            count += 1
            if count > self._limits.members:
                raise refusal(f"it has more than {self._limits.members} members")
            yield member
            for _ in self.content():
                pass
            self._inflated.exactly(self._padding)
        self._inflated.check_end()

    def content(self) -> Iterator[bytes]:
        """The rest of the current member's bytes, in pieces."""
        while self._left:
            piece = self._inflated.some(min(self._left, _PIECE))
            if not piece:
                raise refusal("it is truncated")
            self._left -= len(piece)
            yield piece

    def _next(self) -> Member | None:
        extended: dict[str, bytes] = {}
        while True:
            block = self._inflated.exactly(BLOCK)
            if block.count(0) == BLOCK:
                if self._inflated.exactly(BLOCK).count(0) != BLOCK or extended:
                    raise refusal("its end is damaged")
                return None
            header = _Header(block)
            if header.kind in {_PAX, _GNU_NAME, _GNU_LINK}:
                _add_once(extended, self._extension(header))
                continue
            return self._member(header, extended)

    def _member(self, header: _Header, extended: dict[str, bytes]) -> Member:
        name = extended.get("path", header.name)
        shown = name.decode("utf-8", "replace")
        if header.kind not in {_REGULAR, _OLD_REGULAR, _LINK}:
            kind = _KINDS.get(header.kind, "an unknown kind of entry")
            raise refusal(f"{kind} is not allowed", shown, advice="Leave it out with .gitignore.")
        if any(key.startswith("GNU.sparse") for key in extended):
            raise refusal("a sparse file is not allowed", shown)
        size = _decimal(extended["size"]) if "size" in extended else header.size
        is_link = header.kind == _LINK
        if is_link and size:
            raise refusal("a link has no content", shown)
        if size > self._limits.unpacked_bytes:
            raise TooLarge("too_large", "The archive unpacks to more than the region takes.")
        self._left, self._padding = size, -size % BLOCK
        target = extended.get("linkpath", header.link) if is_link else None
        return Member(name=name, size=size, mode=header.mode, target=target)

    def _extension(self, header: _Header) -> dict[str, bytes]:
        if header.size > self._limits.header_bytes:
            raise refusal("a header is too large")
        content = self._inflated.exactly(header.size)
        self._inflated.exactly(-header.size % BLOCK)
        if header.kind == _PAX:
            return _parse_pax(content)
        return {"path" if header.kind == _GNU_NAME else "linkpath": content.removesuffix(b"\0")}


class _Header:
    """One header block, its checksum verified."""

    def __init__(self, block: bytes) -> None:
        if _octal(block[148:156]) != sum(block) - sum(block[148:156]) + 8 * ord(" "):
            raise refusal("a header is damaged")
        self.kind = block[156:157]
        self.size = _octal(block[124:136])
        self.mode = _octal(block[100:108])
        self.link = _text_field(block[157:257])
        self.name = _text_field(block[0:100])
        if block[257:263] == b"ustar\0" and (prefix := _text_field(block[345:500])):
            self.name = prefix + b"/" + self.name


def _text_field(field: bytes) -> bytes:
    text, _, rest = field.partition(b"\0")
    if rest.strip(b"\0"):
        raise refusal("a name contains a NUL character")
    return text


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if len(digits) > 12 or not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise refusal("a header is damaged")
    return int(digits, 8)


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 15:
        raise refusal("a header is damaged")
    return int(text)


def _parse_pax(content: bytes) -> dict[str, bytes]:
    records: dict[str, bytes] = {}
    while content:
        digits, space, _ = content.partition(b" ")
        length = _decimal(digits) if space and len(digits) <= 6 else 0
        record = content[len(digits) + 1 : length]
        key, equals, value = record[:-1].partition(b"=")
        if length > len(content) or not equals or record[-1:] != b"\n":
            raise refusal("a header is damaged")
        _add_once(records, {key.decode("utf-8", "replace"): value})
        content = content[length:]
    return records


def _add_once(known: dict[str, bytes], new: dict[str, bytes]) -> None:
    """Readers differ on which of two values counts, so there is only ever one."""
    if known.keys() & new.keys():
        raise refusal("a header says the same thing twice")
    known.update(new)
