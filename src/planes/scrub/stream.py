"""A byte stream in, the same stream with secrets masked out."""

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from planes.scrub.dumps import DumpStage
from planes.scrub.lines import RuleStage
from planes.scrub.quiet import is_quiet
from planes.scrub.registered.registered import Registered
from planes.scrub.registered.values import ValueStage
from planes.scrub.settings import ScrubSettings
from planes.scrub.settled import book_of


class StreamScrubber:
    """Masks registered values, then what the rules find, in one stream of bytes.

    The output depends on the whole input only, never on how it was cut into chunks. Exactly the newlines of the input
    come out: a value that spans lines becomes one mark on its first line, and the lines after it stay, emptied. Held
    back is only the unfinished line, and whole lines while a registered value may have begun in them; never more than
    the longest registered form and a bounded line. No timer releases it: what follows does, or `finish`.

    Attributes:
        hits: masks so far, by rule or by name of the value; never values.
        is_plain: whether what `feed` gave out last is surely plain text (`\\t`, `\\n`, and what ASCII prints).
    """

    __slots__ = ("_dumps", "_is_quiet", "_rules", "_values", "hits", "is_plain")

    def __init__(self, registered: Registered, settings: ScrubSettings | None = None) -> None:
        self.hits: Counter[str] = Counter()
        self.is_plain = False
        book = book_of(settings)
        self._is_quiet = functools.partial(is_quiet, book)
        self._dumps = DumpStage(registered, self.hits, book)
        self._values = ValueStage(registered, self.hits, book)
        self._rules = RuleStage(self.hits, book, registered)

    def feed(self, data: bytes) -> bytes:
        """Take a chunk of any size; return what is certain by now."""
        is_quiet = self._is_quiet(data)
        text = self._dumps.feed(data, is_quiet=is_quiet)
        # What was given before is not known to be quiet where it meets what follows.
        head = text[: self._dumps.unjudged]
        return self._feed_past_dumps(text, is_quiet=is_quiet and (not head or self._is_quiet(head)))

    def _feed_past_dumps(self, data: bytes, *, is_quiet: bool = False) -> bytes:
        values, rules = self._values, self._rules
        text = values.feed(data, is_quiet_text=is_quiet)
        given = rules.feed(text, has_begun=values.has_begun, is_quiet=values.is_quiet)
        self.is_plain = rules.is_plain
        return given

    def finish(self) -> bytes:
        """End the stream; return all that was held back. The scrubber is ready for another stream."""
        given = self._feed_past_dumps(self._dumps.finish())
        text = self._values.finish()
        self.is_plain = False
        return given + self._rules.feed(text, has_begun=self._values.has_begun) + self._rules.finish()


def scrub_lines(
    lines: Iterable[str], registered: Sequence[str], settings: ScrubSettings | None = None
) -> Iterator[str]:
    """Scrub lines without terminators: exactly one comes out for each that goes in, in order.

    Args:
        lines: the lines; a terminator inside an item is kept inside it.
        registered: plain values, masked as `[masked:secret]`; those under five characters are left alone.
        settings: what a workspace changes about the rules; None changes nothing.

    What is held back comes out by the end of the input. Contract: BORDERS 8.
    """
    scrubber = StreamScrubber(Registered.from_values(("secret", value) for value in registered), settings)
    inner: list[int] = []  # newlines inside the items that have not come out yet
    pending = b""
    for line in lines:
        inner.append(line.count("\n"))
        pending += scrubber.feed(line.encode("utf-8", "surrogatepass") + b"\n")
        done, pending = _items(pending, inner)
        yield from done
    pending += scrubber.finish()
    done, _ = _items(pending, inner)
    yield from done


def _items(pending: bytes, inner: list[int]) -> tuple[list[str], bytes]:
    done: list[str] = []
    pieces = pending.split(b"\n")
    place = 0
    while inner and len(pieces) - 1 - place > inner[0]:
        count = inner.pop(0) + 1
        done.append(b"\n".join(pieces[place : place + count]).decode("utf-8", "surrogatepass"))
        place += count
    return done, b"\n".join(pieces[place:])
