"""Scrubs stored logs and documents again, as a process of its own (`python -I -m …`).

One JSON object a line, each answered by one. First the values: `{"registered": [[name, value], …], "settings": …}`.
Then `{"log": FOLDER}`, the run's folder, or `{"document": JSON}`. Answers: `{"lines", "changed", "hits"}`,
`{"document", "changed"}`, `{"busy": true}` while somebody owns the run's folder, `{"failed": CLASS}`. Values come by
the pipe and stay in memory; the process ends with its parent.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from planes.data_plane.logs.codec import Zstandard
from planes.data_plane.runner.folders import RunFolder
from planes.data_plane.runner.kernel import end_with_parent, forbid_dumps
from planes.data_plane.segments import LogIsOpen, rewrite_lines, use_codec
from planes.scrub import Registered, ScrubSettings, StreamScrubber, parse_settings, scrub_json

_NICENESS = 10


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
                return self._scrub_log(RunFolder(Path(request["log"])))
            before = request["document"]
            after = scrub_json(before, self._registered, self._settings)
            return {"document": after, "changed": after != before}
        except LogIsOpen:
            return {"busy": True}
        except Exception as exc:  # noqa: BLE001 - the edge of a request: the next run's log is worth a try
            return {"failed": type(exc).__name__}

    def _scrub_log(self, folder: RunFolder) -> dict[str, Any]:
        if not folder.segments.exists():
            return {"lines": 0, "changed": 0, "hits": {}}
        lock = folder.try_lock()
        if lock is None:
            return {"busy": True}
        try:
            self._hits = Counter()
            result = rewrite_lines(folder.segments, self._changed)
        finally:
            os.close(lock)
        hits = {name: count for name, count in self._hits.items() if name in self._names}
        return {"lines": result.lines, "changed": result.changed, "hits": hits}

    def _changed(self, contents: Iterable[str]) -> Iterator[str]:
        scrubber = StreamScrubber(self._registered, self._settings)
        pending = b""
        done: deque[str] = deque()
        for content in contents:
            pending += scrubber.feed(content.encode("utf-8", "surrogatepass") + b"\n")
            *whole, pending = pending.split(b"\n")
            done.extend(line.decode("utf-8", "surrogatepass") for line in whole)
            while done:
                yield done.popleft()
        pending += scrubber.finish()
        yield from (line.decode("utf-8", "surrogatepass") for line in pending.split(b"\n")[:-1])
        self._hits.update(scrubber.hits)


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
