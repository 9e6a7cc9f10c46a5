"""`doctor` as its own process, for the screen: it looks at this machine's home, which no plane's route could.

What it says and how it ends is what the same command line prints.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import Process

from dlthub_tui.client.errors import ClientError, UnexpectedAnswer
from dlthub_tui.client.reading import Fields

# It archives the workspaces that it made before it ends.
_STOP_SECONDS = 15.0


class DoctorFailed(ClientError):
    """It could not look; its own words say why."""

    def __init__(self, said: str) -> None:
        super().__init__(said or "doctor ended without a word.", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `state` is good, off (not active), warning or bad."""

    area: str
    subject: str
    state: str
    detail: str
    advice: str | None


async def examine(home: Path) -> tuple[Finding, ...]:
    """What is installed, active and missing. Raises: DoctorFailed."""
    answer = await _run(home, (), lambda _said: None)
    return Fields(answer, "doctor").many("findings", _parse_finding)


async def prove(home: Path, on_words: Callable[[str], None]) -> tuple[bool, str]:
    """Makes a proof of residency, which is kept in the home; whether it is clean, and its verdict. Takes a minute.

    `on_words` hears what it does. Cancelling ends it. Raises: DoctorFailed.
    """
    answer = await _run(home, ("--residency",), on_words)
    report = Fields(answer, "proof").within("report")
    return report.flag("is_clean"), report.text("verdict")


async def _run(home: Path, more: tuple[str, ...], on_words: Callable[[str], None]) -> object:
    command = [sys.executable, "-P", "-m", "dlthub_tui.cli.main", "doctor", "--home", str(home), "--json", *more]
    said: list[str] = []

    def heard(words: str) -> None:
        said.append(words)
        on_words(words)

    out = bytearray()
    process = await anyio.open_process(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        async with anyio.create_task_group() as readers:
            readers.start_soon(_read_words, process, heard)
            assert process.stdout is not None
            async for piece in process.stdout:
                out += piece
        await process.wait()
    finally:
        await _end(process)
    try:
        return json.loads(out)
    except ValueError as exc:
        raise DoctorFailed(said[-1] if said else "") from exc


async def _read_words(process: Process, heard: Callable[[str], None]) -> None:
    assert process.stderr is not None
    rest = b""
    async for piece in process.stderr:
        *lines, rest = (rest + piece).split(b"\n")
        for words in lines:
            if words.strip():
                heard(words.decode("utf-8", "replace").strip())


async def _end(process: Process) -> None:
    with anyio.move_on_after(_STOP_SECONDS, shield=True):
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.wait()
    with anyio.CancelScope(shield=True):
        if process.returncode is None:
            process.kill()
        await process.aclose()


def _parse_finding(raw: object) -> Finding:
    fields = Fields(raw, "finding")
    state = fields.text("state")
    if state not in {"good", "off", "warning", "bad"}:
        raise UnexpectedAnswer(f"a finding that is {state[:20]}")
    return Finding(
        area=fields.text("area"),
        subject=fields.text("subject"),
        state=state,
        detail=fields.text("detail"),
        advice=fields.maybe_text("advice"),
    )
