"""Versions of code on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from dlthub_tui.client.models import Deployment
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row
from dlthub_tui.viewmodel.text import Line, Span, cut_middle, line, muted

COLUMNS = (
    Column("Version", is_number=True),
    Column("When", is_number=True, least=12),
    Column("Files", is_number=True, drops=2),
    Column("Size", is_number=True, drops=1, least=8),
    Column("Content", takes_rest=True, drops=3),
)


def deployment_row(deployment: Deployment, look: Look, *, is_latest: bool) -> Row:
    """One line of the list."""
    hash_text = cut_middle(deployment.content_hash, 20, look.glyphs.cut)
    cells = (
        line(str(deployment.version)),
        line(words.moment(deployment.created_at, look)),
        line(words.count(deployment.file_count)),
        line(words.size(deployment.size_bytes)),
        line(muted(f"sha3 {hash_text}")),
    )
    glyph = look.state("completed") if is_latest else Span(" ")
    return Row(deployment.id, glyph, cells, f"{deployment.version} {deployment.content_hash}", is_muted=not is_latest)


def answer_of(deployments: Sequence[Deployment], look: Look) -> Line:
    """What is deployed."""
    if not deployments:
        return (muted("Nothing is deployed."),)
    latest = deployments[0]
    said = f"Version {latest.version} is what runs, deployed {words.moment(latest.created_at, look)}."
    return (Span(said),)
