"""What `doctor` finds, on the screen."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from dlthub_tui.session.doctoring import Finding
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, rule
from dlthub_tui.viewmodel.text import Line, Role, Span, accent, guard, line, muted

COLUMNS = (Column("Subject", least=18), Column("Found", takes_rest=True))
_MARGIN = 3


def key_of(finding: Finding) -> str:
    """A finding over several looks."""
    return f"{finding.area}/{finding.subject}"


def answer_of(findings: Sequence[Finding], look: Look) -> Line:
    """What needs somebody, in words."""
    bad = sum(finding.state == "bad" for finding in findings)
    less = sum(finding.state == "warning" for finding in findings)
    if not bad and not less:
        return (look.state("completed"), Span(" nothing to do"))
    spans: list[Span] = []
    if bad:
        spans.extend((look.state("failed"), Span(f" {bad} bad", Role.FAIL), Span("   ")))
    if less:
        spans.append(Span(f"! {less} with less than there could be", Role.WARN))
    return tuple(spans)


def finding_row(finding: Finding, look: Look) -> Row:
    """One thing that was looked at."""
    glyph = {
        "good": look.state("completed"), "bad": look.state("failed"), "warning": Span("!", Role.WARN),
    }.get(finding.state, muted("-"))  # fmt: skip
    cells = (line(guard(finding.subject)), line(guard(finding.detail)))
    return Row(key_of(finding), glyph, cells, f"{finding.area} {finding.subject} {finding.detail} {finding.state}")


def finding_details(finding: Finding, look: Look, width: int) -> list[Line]:
    """All that was found, and what can be done about it."""
    lines = [rule(guard(finding.subject), finding.state, width, look)]
    pieces = [(Span, guard(finding.detail)), (accent, guard(finding.advice or ""))]
    for style, text in pieces:
        lines.extend(line(" " * _MARGIN, style(part)) for part in textwrap.wrap(text, max(20, width - 2 * _MARGIN)))
    return lines
