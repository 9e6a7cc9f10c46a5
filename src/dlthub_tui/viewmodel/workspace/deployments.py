"""Versions of code on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dlthub_tui.client.deployments import DeployReceipt
from dlthub_tui.client.models import Deployment
from dlthub_tui.client.versions import Version
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row
from dlthub_tui.viewmodel.text import Line, Span, cut_middle, guard, line, muted

COLUMNS = (
    Column("Version", is_number=True),
    Column("When", is_number=True, least=12),
    Column("By", takes_rest=True, least=12, is_name=True),
    Column("Jobs", is_number=True, drops=2),
    Column("Files", is_number=True, drops=2),
    Column("Size", is_number=True, drops=1, least=8),
    Column("Content", least=25, drops=3),
)

ORDERS = ("newest", "size", "files", "jobs")


def sorted_versions(versions: Sequence[Version], order: str) -> list[Version]:
    """By one of `ORDERS`, the largest first."""
    match order:
        case "size":
            return sorted(versions, key=lambda version: -version.deployment.size_bytes)
        case "files":
            return sorted(versions, key=lambda version: -version.deployment.file_count)
        case "jobs":
            return sorted(versions, key=lambda version: -(version.job_count or 0))
        case _:
            return list(versions)


def version_row(version: Version, emails: Mapping[str, str], look: Look) -> Row:
    """One line of the list, `emails` by memberships. A version without jobs was uploaded and never deployed."""
    deployment = version.deployment
    hash_text = cut_middle(deployment.content_hash, 20, look.glyphs.cut)
    by = guard(emails.get(deployment.created_by, "?"))
    cells = (
        line(str(deployment.version)),
        line(words.moment(deployment.created_at, look)),
        line(muted(by)),
        line(muted("none") if version.job_count is None else words.count(version.job_count)),
        line(words.count(deployment.file_count)),
        line(words.size(deployment.size_bytes)),
        line(muted("no longer kept" if version.retired_at else f"sha3 {hash_text}")),
    )
    glyph = look.state("completed") if version.is_latest else Span(" ")
    return Row(
        deployment.id,
        glyph,
        cells,
        f"{deployment.version} {by} {deployment.content_hash}",
        is_muted=not version.is_latest,
    )


def answer_of(versions: Sequence[Version], look: Look) -> Line:
    """What is deployed."""
    latest = next((version.deployment for version in versions if version.is_latest), None)
    if latest is None:
        return (muted("Nothing is deployed."),)
    said = f"Version {latest.version} is what runs, deployed {words.moment(latest.created_at, look)}."
    if latest.id != versions[0].deployment.id:
        said = f"Version {latest.version} is what runs, rolled back from {versions[0].deployment.version}."
    return (Span(said),)


def why_no_roll_back(version: Version) -> str | None:
    """Why there is no way back to this version; None when there is."""
    number = version.deployment.version
    if version.is_latest:
        return f"Version {number} is what runs already."
    if version.retired_at is not None:
        return f"Version {number} is no longer kept. Deploy its code again with {{deploy.open}}."
    if version.job_count is None:
        return f"Version {number} was uploaded and never deployed, so its jobs are not known."
    return None


def roll_back_question(deployment: Deployment) -> str:
    """What enter does."""
    return f"Roll back to version {deployment.version}?"


def roll_back_lines(receipt: DeployReceipt) -> tuple[str, ...]:
    """What ends, what comes back, what stays."""
    names: dict[str, list[str]] = {}
    for job in receipt.jobs:
        names.setdefault(job.outcome, []).append(guard(words.short_ref(job.job.job_ref)))
    titles = (("updated", "Changes"), ("created", "Comes back"), ("archived", "Archived"))
    lines = [f"{title}: {_few(names[outcome])}." for outcome, title in titles if outcome in names]
    return (
        *(lines or ["The jobs stay as they are."]),
        "Runs that go on, variables and configuration stay. The next deploy ends it.",
    )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
