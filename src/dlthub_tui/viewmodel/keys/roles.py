"""What a role leaves to others: absent from the footer, with the reason in the help, before the planes refuse it."""

from __future__ import annotations

from dlthub_tui.viewmodel.text import guard

OWNER = "owner"
CHANGES = (OWNER, "developer")
"""Roles that change what a workspace has."""
# Wherever they are; what ends or destroys is for developers where a screen says so.
FOR_DEVELOPERS = frozenset({
    "deploy.open", "deploy.go", "job.pause", "job.publish", "job.retries", "version.roll_back",
})  # fmt: skip
READS = "access"


def why_not_for(role: str, workspace_name: str) -> str | None:
    """Why somebody with this role does nothing that is for developers."""
    if role in CHANGES:
        return None
    return f"This needs developer or owner in {guard(workspace_name)}. You are a {guard(role)}."


def why_no_start(role: str, profile: str) -> str | None:
    """Why a job is not started on its profile; another may be chosen."""
    if role in CHANGES or profile == READS:
        return None
    return f"A {guard(role)} starts jobs on the profile {READS} only; this one has {guard(profile)}."
