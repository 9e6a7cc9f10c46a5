"""Why a run that has ended needs a person's look, as the client 0.28.8 asks for it (ADR 9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from planes.domain.runs import Run, RunStatus

AttentionReason = Literal["failed", "empty_run", "long_running"]
LONG_SECONDS = 5 * 3600
"""A completed run that took longer than this is `long_running`."""


def attention_reasons(run: Run, loaded: Iterable[int | None]) -> list[AttentionReason]:
    """Every reason there is, in this order; `loaded` is the rows of each pipeline run that it told of.

    A job that runs no pipeline loads no rows and is as it should be, so only one that told of a pipeline is empty.
    """
    if run.status is RunStatus.FAILED:
        return ["failed"]
    if run.status is not RunStatus.COMPLETED:
        return []
    reasons: list[AttentionReason] = []
    rows = list(loaded)
    if rows and not any(rows):
        reasons.append("empty_run")
    if (run.duration_seconds or 0) > LONG_SECONDS:
        reasons.append("long_running")
    return reasons
