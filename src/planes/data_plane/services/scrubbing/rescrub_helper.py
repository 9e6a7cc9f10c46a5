"""The process that scrubs stored text again, from the plane's side (see `rescrub_process`)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

COMMAND = (sys.executable, "-I", "-m", "planes.data_plane.services.scrubbing.rescrub_process")
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
_LONGEST_ANSWER_BYTES = 64 * 1024 * 1024
# A log of a gigabyte takes less than a minute; this is for a disk that does not answer.
_ANSWER_SECONDS = 1800
_END_SECONDS = 5


class HelperFailed(Exception):
    """The process has ended, or does not answer."""


class Helper:
    """One process. Questions are asked one after another."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin = process.stdin
        self._answers = BufferedByteReceiveStream(process.stdout)

    async def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Raises: HelperFailed."""
        try:
            with anyio.fail_after(_ANSWER_SECONDS):
                await self._stdin.send(json.dumps(question).encode("ascii") + b"\n")
                return json.loads(await self._answers.receive_until(b"\n", _LONGEST_ANSWER_BYTES))
        except (anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as exc:
            raise HelperFailed("the process has ended") from exc
        except (TimeoutError, anyio.DelimiterNotFound) as exc:
            raise HelperFailed("the process does not answer") from exc


@asynccontextmanager
async def open_helper(opening: Mapping[str, Any], command: Sequence[str] = COMMAND) -> AsyncGenerator[Helper]:
    """Starts the process with its values and ends it. Raises: HelperFailed."""
    process = await anyio.open_process(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_ENVIRONMENT,
        start_new_session=True,
    )  # fmt: skip
    try:
        helper = Helper(process)
        await helper.ask(opening)
        yield helper
    finally:
        with anyio.CancelScope(shield=True):
            if process.stdin is not None:
                await process.stdin.aclose()
            with anyio.move_on_after(_END_SECONDS):
                await process.wait()
            if process.returncode is None:
                process.kill()
            await process.aclose()
