"""From a pipe to the log: bytes, scrubbed, cut into lines, decoded, made inert, stored."""

import contextlib
import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from planes.data_plane.runner import kernel
from planes.data_plane.segments import LineSplitter, Origin, SegmentWriter
from planes.data_plane.segments.bulk import PLAIN, escape, escape_plain
from planes.scrub import (
    Registered,
    ScrubSettings,
    StreamScrubber,
    decode_lossless,
    display_guard,
    refused_patterns,
)

READ_BYTES = 64 * 1024
SAID_BYTES = 4096
BATCH_LINES = 2 * 1024


class Masks(NamedTuple):
    """Values to scrub, compiled."""

    values: tuple[tuple[str, str], ...]
    registered: Registered

    @staticmethod
    def learn(values: Sequence[tuple[str, str]]) -> "Masks":
        """Compiles them, which takes milliseconds."""
        registered = Registered.from_values(values)
        kernel.give_memory_back()  # a fifth of what this took was for the time being
        return Masks(tuple(values), registered)


class RunLog:
    """The one writer of a run's log: what its steps print, and the runner's own lines between.

    A line that cannot be stored (a full disk) is counted, and the next line that can be stored is preceded by one that
    says how many are missing: a run is never ended by its own output. The runner's own lines are kept until there is
    room, and `stage` is theirs.
    """

    def __init__(
        self,
        writer: SegmentWriter,
        values: Sequence[tuple[str, str]],
        settings: ScrubSettings | None = None,
        masks: Masks | None = None,
    ) -> None:
        """`masks` are what was compiled before it was known whose run this is; of other values they are not used."""
        self._writer = writer
        self._values = values
        self._settings = settings
        self._masks = masks if masks is not None and masks.values == tuple(values) else None
        self._is_prepared = False
        self._missing = 0
        self._kept: list[tuple[bytes, Origin]] = []
        self.stage = "run"
        self.hits: Counter[str] = Counter()

    @property
    def lines(self) -> int:
        """How many lines the log has."""
        return self._writer.next_line

    def prepare(self) -> None:
        """Compile the values to scrub, if that has not happened yet. Those that are too short were told before the
        runner started.

        It takes milliseconds, so it is done while a step's program loads, at the latest when its first bytes are read.
        """
        if self._masks is None:
            self._masks = Masks.learn(self._values)
        if not self._is_prepared and self._settings is not None:
            self._is_prepared = True
            for pattern in refused_patterns(self._settings):
                self.say("an extra pattern cannot be used here: ", foreign=pattern)

    def new_scrubber(self) -> StreamScrubber:
        """A scrubber for one stream. All share the compiled values."""
        self.prepare()
        assert self._masks is not None, "prepared above"
        return StreamScrubber(self._masks.registered, self._settings)

    def say(self, text: str, *, foreign: str = "") -> None:
        """Add a line of the runner's own, with words from elsewhere (a path, an error) at its end. Only these have
        the source `runner`.
        """
        if foreign:
            scrubber = self.new_scrubber()
            scrubbed = scrubber.feed(foreign.encode(errors="replace")) + scrubber.finish()
            text += decode_lossless(scrubbed.replace(b"\n", b" "))
        self._store_own(text, Origin("other", "runner", self.stage))

    def explain(self, text: str) -> None:
        """Say why a run ended, where the person whose job it is sees it: `dlthub` hides lines of the runner."""
        self._store_own(text, Origin("stderr", "setup", self.stage))

    def _store_own(self, text: str, origin: Origin) -> None:
        self._kept.append((escape(display_guard(text)), origin))
        with contextlib.suppress(OSError):
            self.catch_up()

    def catch_up(self) -> None:
        """Store what of the runner's own lines could not be stored yet. Raises: OSError when there is still no room."""
        now = datetime.now(UTC)
        while self._kept:
            content, origin = self._kept[0]
            self._say_missing(origin.stage, now)
            self._writer.append_escaped([content], origin, now)
            del self._kept[0]

    def open_stream(self, descriptor: int, origin: Origin) -> "OutputStream":
        """Begin to read one of a step's pipes."""
        return OutputStream(descriptor, origin, self)

    def store(self, escaped: Sequence[bytes], origin: Origin) -> None:
        """Append lines as of now; they are escaped as in `segments.bulk`."""
        now = datetime.now(UTC)
        for first in range(0, len(escaped), BATCH_LINES):
            batch = escaped[first : first + BATCH_LINES]
            try:
                self.catch_up()
                self._say_missing(origin.stage, now)
                self._writer.append_escaped(batch, origin, now)
            except OSError:
                self._missing += len(batch)

    def _say_missing(self, stage: str, now: datetime) -> None:
        if self._missing:
            notice = f"{self._missing} lines are missing here: they could not be stored"
            self._writer.append([notice], Origin("other", "runner", stage), now)
            self._missing = 0


class OutputStream:
    """One pipe of one step. Nothing it holds back is released but by what follows, or by the end."""

    def __init__(self, descriptor: int, origin: Origin, log: RunLog) -> None:
        self.descriptor = descriptor
        self._origin = origin
        self._log = log
        self._scrubber: StreamScrubber | None = None
        self._splitter = LineSplitter()
        self.said = b""
        """The last of what came, scrubbed."""

    def read(self) -> bool:
        """Take what the pipe has, up to 64 KiB; False when there is nothing now or no more at all."""
        if self.descriptor < 0:
            return False
        try:
            chunk = os.read(self.descriptor, READ_BYTES)
        except BlockingIOError:
            return False
        if not chunk:
            self.finish()
            return False
        self._scrubber = self._scrubber or self._log.new_scrubber()
        scrubbed = self._scrubber.feed(chunk)
        self.said = (self.said + scrubbed)[-SAID_BYTES:]
        is_plain = self._scrubber.is_plain and self._splitter.is_empty
        self._store(self._splitter.feed(scrubbed), is_plain=is_plain)
        return True

    def finish(self) -> None:
        """Store what is held and close the pipe; may run again."""
        if self.descriptor < 0:
            return
        os.close(self.descriptor)
        self.descriptor = -1
        if self._scrubber is not None:
            rest = self._scrubber.finish()
            self.said = (self.said + rest)[-SAID_BYTES:]
            self._store(self._splitter.feed(rest) + self._splitter.finish())
            self._log.hits.update(self._scrubber.hits)

    def _store(self, lines: bytes, *, is_plain: bool = False) -> None:
        if not lines:
            return
        if is_plain or not lines.translate(None, PLAIN):
            self._log.store(escape_plain(lines), self._origin)
        else:
            self._log.store([_escaped(line) for line in lines[:-1].split(b"\n")], self._origin)


def _escaped(line: bytes) -> bytes:
    line = line.removesuffix(b"\r")  # of a line that ends in CR LF, as headers of HTTP and files of Windows do
    return escape(display_guard(decode_lossless(line)) if line.translate(None, PLAIN) else line.decode("ascii"))
