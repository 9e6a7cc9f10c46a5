"""Scrubs stored logs and documents again, as a process of its own (`python -I -m …`).

One JSON object a line, each answered by one. First the values: `{"registered": [[name, value], …], "settings": …}`.
Then `{"log": FOLDER, "rescrub": ID}`, the run's folder, or `{"document": JSON}`. Answers: `{"done": true}` once all is
in the run's journal (`rescrub_journal`), `{"document", "changed"}`, `{"busy": true}` while somebody owns the run's
folder, `{"failed": CLASS}`. Values come by the pipe and stay in memory; the process ends with its parent.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from planes.data_plane.logs.codec import Zstandard
from planes.data_plane.runner.folders import RunFolder
from planes.data_plane.runner.kernel import end_with_parent, forbid_dumps
from planes.data_plane.segments.codecs import use_codec
from planes.data_plane.segments.packing import LogIsOpen
from planes.data_plane.segments.rewriting import RewriteStep, rewrite_lines
from planes.data_plane.services.scrubbing.rescrub_journal import RescrubJournal
from planes.scrub import Registered, ScrubSettings, StreamScrubber, parse_settings, scrub_json

_NICENESS = 10
# What is scrubbed at once: line by line takes four times as long.
_BATCH_LINES = 512
_BATCH_CHARACTERS = 128 * 1024


class Rescrubber:
    """The values, compiled once for all logs."""

    def __init__(self, opening: dict[str, Any]) -> None:
        self._registered = Registered.from_values((name, value) for name, value in opening["registered"])
        settings = opening["settings"]
        self._settings: ScrubSettings | None = parse_settings(settings) if settings is not None else None
        self._names = {name for name, _ in opening["registered"]}
        self._hits: Counter[str] = Counter()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Does one request; what fails is told by its class, for its words may hold text of logs."""
        try:
            if "log" in request:
                return self._scrub_log(RunFolder(Path(request["log"])), request["rescrub"])
            before = request["document"]
            after = scrub_json(before, self._registered, self._settings)
            return {"document": after, "changed": after != before}
        except LogIsOpen:
            return {"busy": True}
        except Exception as exc:  # noqa: BLE001 - the edge of a request: the next run's log is worth a try
            return {"failed": type(exc).__name__}

    def _scrub_log(self, folder: RunFolder, rescrub_id: str) -> dict[str, Any]:
        if not folder.segments.exists():
            return {"done": True}
        lock = folder.try_lock()
        if lock is None:
            return {"busy": True}
        journal = RescrubJournal(folder.control, rescrub_id)

        def note(step: RewriteStep) -> None:
            journal.note(step, {name: count for name, count in self._hits.items() if name in self._names})

        try:
            rewrite_lines(folder.segments, self._changed, is_done=journal.is_done, note=note)
        finally:
            os.close(lock)
        return {"done": True}

    def _changed(self, contents: Iterable[str]) -> Iterator[str]:
        scrubber = StreamScrubber(self._registered, self._settings)
        pending = b""
        for batch in _batches(contents):
            pending += scrubber.feed(batch.encode("utf-8", "surrogatepass"))
            *whole, pending = pending.split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "surrogatepass")
        pending += scrubber.finish()
        yield from (line.decode("utf-8", "surrogatepass") for line in pending.split(b"\n")[:-1])
        self._hits = scrubber.hits


def _batches(contents: Iterable[str]) -> Iterator[str]:
    """Some lines at a time, each with a newline."""
    batch: list[str] = []
    size = 0
    for content in contents:
        batch.append(content)
        size += len(content)
        if len(batch) >= _BATCH_LINES or size >= _BATCH_CHARACTERS:
            yield "\n".join((*batch, ""))
            batch, size = [], 0
    if batch:
        yield "\n".join((*batch, ""))


def main() -> None:
    """Until the other side closes the pipe."""
    end_with_parent(signal.SIGKILL)
    forbid_dumps()
    os.nice(_NICENESS)
    use_codec(Zstandard())
    rescrubber: Rescrubber | None = None
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if rescrubber is None:
            rescrubber, answer = Rescrubber(request), {"ready": True}
        else:
            answer = rescrubber.answer(request)
        sys.stdout.buffer.write(json.dumps(answer).encode("ascii") + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
