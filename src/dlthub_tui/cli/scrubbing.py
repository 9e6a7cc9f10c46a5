"""`dlthub-tui scrub`: a filter for anyone's logs. Bytes in, the same bytes out without what is secret.

Needs no platform and no home. Memory is bounded whatever comes; whole lines go on at once. What is held back (an
unfinished line, the beginning of a registered value) goes on with what follows or with the end of the input. When the
filter is interrupted it is dropped: it may be half a secret.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import signal
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dlthub_tui.cli import exits
from planes.scrub import PII_CLASSES, Registered, ScrubSettings, StreamScrubber, decode_lossless, display_guard

READ_BYTES = 256 * 1024
# A longer line is made inert in pieces, so that no line makes the memory grow.
LONGEST_GUARDED = 256 * 1024
_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\n"
_STDOUT = 1
# How bytes begin in which nothing would be found: what they are, and the command that makes text of them.
_BEGINNINGS = {
    b"\xff\xfe": ("is UTF-16 text", "iconv -f UTF-16 -t UTF-8"),
    b"\xfe\xff": ("is UTF-16 text", "iconv -f UTF-16 -t UTF-8"),
    b"\x1f\x8b": ("is compressed", "gzip -dc"),
    b"BZh91AY&SY": ("is compressed", "bzip2 -dc"),
    b"\xfd7zXZ\x00": ("is compressed", "xz -dc"),
    b"\x28\xb5\x2f\xfd": ("is compressed", "zstd -dc"),
    b"PK\x03\x04": ("is an archive", "unzip -p"),
}
# The same without a mark at the beginning.
_WIDE = (
    (re.compile(rb"(?:[\t -~]\0){2}"), ("is UTF-16 text", "iconv -f UTF-16LE -t UTF-8")),
    (re.compile(rb"(?:\0[\t -~]){2}"), ("is UTF-16 text", "iconv -f UTF-16BE -t UTF-8")),
)


class CannotScrub(Exception):
    """Something that was asked for cannot be read or masked; nothing was let through. `code` is the exit code."""

    def __init__(self, sentence: str, code: int = exits.FAILED) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class ScrubRequest:
    """What to filter and how; `source` is a file or `-`. Values come from files and variables, never from here."""

    source: str
    value_files: tuple[Path, ...] = ()
    variables: tuple[str, ...] = ()
    pii_classes: tuple[str, ...] = ()
    counts: bool = False
    guard: bool = False


def scrub_to_stdout(request: ScrubRequest) -> int:
    """Filters until the input ends; returns the exit code. Ends by the signal itself on Ctrl+C and a closed pipe."""
    try:
        scrubber = StreamScrubber(_registered(request), _settings(request.pii_classes))
        with _opened(request.source) as descriptor:
            chunks = _readable(_chunks(descriptor), request.source)
            ended_by = _filter_until_signal(chunks, scrubber, LineGuard() if request.guard else None)
    except CannotScrub as exc:
        exits.say_error(str(exc))
        return exc.code
    if request.counts:
        _say_counts(scrubber.hits)
    if ended_by is not None:
        exits.end_by(ended_by)
    return exits.DONE


def _filter_until_signal(
    chunks: Iterable[bytes], scrubber: StreamScrubber, guard: LineGuard | None
) -> signal.Signals | None:
    try:
        _filter(chunks, scrubber, guard)
    except KeyboardInterrupt:
        return signal.SIGINT
    except BrokenPipeError:
        return signal.SIGPIPE
    except OSError as exc:
        raise CannotScrub(f"Standard output cannot be written: {exc.strerror}.") from exc
    return None


class LineGuard:
    """Makes the control sequences of a byte stream inert, line by line; lines and their ends stay."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Take scrubbed bytes; give out what is inert by now."""
        if not self._held and data.endswith(b"\n") and not data.translate(None, _PLAIN):
            return data
        *lines, rest = (self._held + data).split(b"\n")
        pieces = [_inert(line) + b"\n" for line in lines]
        if len(rest) > LONGEST_GUARDED:
            end = _character_border(rest)
            pieces.append(_inert(rest[:end]))
            rest = rest[end:]
        self._held = rest
        return b"".join(pieces)

    def finish(self) -> bytes:
        """The end: give out the line that has no end."""
        rest, self._held = self._held, b""
        return _inert(rest)


def _inert(line: bytes) -> bytes:
    if not line.translate(None, _PLAIN):
        return line
    end = b"\r" if line.endswith(b"\r") else b""  # before a newline it is a line's end, and moves nothing
    text = display_guard(decode_lossless(line.removesuffix(b"\r") if end else line))
    return text.encode("utf-8") + end


def _character_border(text: bytes) -> int:
    """Where the last whole UTF-8 character of a long text ends."""
    for place in range(len(text) - 1, len(text) - 4, -1):
        if text[place] & 0xC0 != 0x80:
            return place
    return len(text)


def _filter(chunks: Iterable[bytes], scrubber: StreamScrubber, guard: LineGuard | None) -> None:
    for chunk in chunks:
        given = scrubber.feed(chunk)
        _write(guard.feed(given) if guard else given)
    given = scrubber.finish()
    _write(guard.feed(given) + guard.finish() if guard else given)


def _readable(chunks: Iterator[bytes], source: str) -> Iterator[bytes]:
    """The same bytes. Raises: CannotScrub where they begin as no text does in which secrets are found.

    So few bytes that they may still be such a beginning wait for the next ones.
    """
    head = b""
    for chunk in chunks:
        head += chunk
        found = [told for beginning, told in _BEGINNINGS.items() if head.startswith(beginning)]
        found += [told for pattern, told in _WIDE if pattern.match(head)]
        for what, command in found:
            name, argument = ("The input", "") if source == "-" else (source, f" {shlex.quote(source)}")
            sentence = f"{name} {what}, in which nothing would be found. Nothing was let through."
            raise CannotScrub(f"{sentence} {command}{argument} | dlthub-tui scrub - reads it.")
        if not any(beginning.startswith(head) for beginning in _BEGINNINGS):
            break
    yield head
    yield from chunks


def _chunks(descriptor: int) -> Iterator[bytes]:
    """What there is to read, as it comes. Raises: CannotScrub when reading fails."""
    while True:
        try:
            chunk = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            select.select([descriptor], [], [])
            continue
        except OSError as exc:
            raise CannotScrub(f"The input cannot be read: {exc.strerror}.") from exc
        if not chunk:
            return
        yield chunk


def _write(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(_STDOUT, rest) :]
        except BlockingIOError:
            select.select([], [_STDOUT], [])


@contextmanager
def _opened(source: str) -> Generator[int]:
    if source == "-":
        yield 0
        return
    if os.path.isdir(source):  # pathlib's raises where the folder around it is closed to us
        raise CannotScrub(f"{source} is a folder; scrub reads one file.")
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as exc:
        raise CannotScrub(f"{source} cannot be read: {exc.strerror}.") from exc
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _settings(classes: tuple[str, ...]) -> ScrubSettings:
    """What is masked beyond the rules. Raises: CannotScrub for a class that does not exist."""
    unknown = [name for name in classes if name not in PII_CLASSES]
    if unknown:
        sentence = f"{unknown[0]} is no class of personal data; there are {', '.join(PII_CLASSES)}."
        raise CannotScrub(f"{sentence} Nothing was let through.", exits.WRONG_USAGE)
    return ScrubSettings(pii_classes=frozenset(classes))


def _registered(request: ScrubRequest) -> Registered:
    """The values to mask. Says which are too short. Raises: CannotScrub."""
    values = [*_from_files(request.value_files), *_from_variables(request.variables)]
    registered = Registered.from_values((masked_as, value) for masked_as, _, value in values)
    for _, where, value in values:
        if len(value.strip()) < 5:
            exits.say_error(f"{where} is too short to be masked: it is under five characters.")
    return registered


def _from_files(files: Iterable[Path]) -> Iterator[tuple[str, str, str]]:
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as exc:
            raise CannotScrub(f"{path} cannot be read: {exc.strerror}. Nothing was let through.") from exc
        except UnicodeDecodeError as exc:
            raise CannotScrub(f"{path} is not UTF-8 text. Nothing was let through.") from exc
        for number, line in enumerate(text.split("\n"), 1):
            value = line.removesuffix("\r")
            if value.strip():
                yield "secret", f"The value in line {number} of {path}", value


def _from_variables(names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for name in names:
        value = os.environ.get(name, "")
        if not value:
            raise CannotScrub(
                f"The environment variable {name} is not set. Nothing was let through.", exits.WRONG_USAGE
            )
        try:
            value.encode()
        except UnicodeEncodeError as exc:
            sentence = f"The environment variable {name} is not UTF-8 text. Nothing was let through."
            raise CannotScrub(sentence, exits.WRONG_USAGE) from exc
        yield name, f"The environment variable {name}", value


def _say_counts(hits: dict[str, int]) -> None:
    for name, count in sorted(hits.items(), key=lambda hit: (-hit[1], hit[0])):
        print(f"{count} {exits.inert(name)}", file=sys.stderr)
    if not hits:
        print("0 masked", file=sys.stderr)
