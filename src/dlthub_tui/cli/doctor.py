"""`doctor`: prints what is installed, active and missing."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import anyio

from dlthub_tui.cli import exits
from dlthub_tui.cli.opening import why_closed
from dlthub_tui.embed.examining import Finding, examine

_MARKS = {"good": "\u2713", "off": "-", "warning": "!", "bad": "\u2717"}
_SUBJECT_WIDTH = 18


def run_doctor(home: Path, *, as_json: bool) -> int:
    """Looks and prints; answers 1 when something is bad, or the home is closed to this user, else 0."""
    why_not = why_closed(home)
    if why_not is not None:
        exits.say_error(why_not)
        return exits.FAILED
    findings = anyio.run(_look, home)
    is_good = all(finding.state != "bad" for finding in findings)
    if as_json:
        print(json.dumps({"ok": is_good, "findings": [asdict(finding) for finding in findings]}), flush=True)
    else:
        print("\n".join(_lines(findings)), flush=True)
    return exits.DONE if is_good else exits.FAILED


async def _look(home: Path) -> list[Finding]:
    from dlthub_tui.session.store import SessionStore

    findings = [finding async for finding in examine(home)]
    store = SessionStore(home / "client")
    await store.probe()
    return [*findings, Finding(area="terminal", subject="session", state="good", detail=store.place, advice=None)]


def _lines(findings: Sequence[Finding]) -> list[str]:
    marks = _MARKS if _can_say(_MARKS) else {**_MARKS, "good": "+", "bad": "x"}
    lines: list[str] = []
    areas = list(dict.fromkeys(finding.area for finding in findings))
    for area in areas:
        lines += [*([""] if lines else []), area.capitalize()]
        for finding in (one for one in findings if one.area == area):
            lines.append(f"  {marks[finding.state]} {finding.subject:<{_SUBJECT_WIDTH}}{exits.inert(finding.detail)}")
            if finding.advice is not None:
                lines.append(f"    {'':<{_SUBJECT_WIDTH}}{exits.inert(finding.advice)}")
    counts = [f"{count} {word}" for word, state in _WORDS.items() if (count := _count(findings, state))]
    return [*lines, "", f"{len(findings)} looked at; {', '.join(counts) or 'nothing to do'}."]


_WORDS = {"bad": "bad", "with less than there could be": "warning"}


def _count(findings: Sequence[Finding], state: str) -> int:
    return sum(finding.state == state for finding in findings)


def _can_say(marks: dict[str, str]) -> bool:
    try:
        "".join(marks.values()).encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
