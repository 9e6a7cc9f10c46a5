"""The same as a key, as a command line of a shell: what places share; each place knows its own verbs."""

from __future__ import annotations

from dlthub_tui.viewmodel import words

TWINS = {
    "tab.1": "dlthub job list",
    "tab.2": "dlthub job runs list",
    "tab.3": "dlthub workspace deployment list",
    "tab.4": "dlthub variable list",
    "nav.home": "dlthub-tui workspaces",
    "nav.platform": "dlthub-tui doctor",
    "doctor.open": "dlthub-tui doctor",
}
_OF_A_JOB = {
    "row.open": "dlthub job info {name}",
    "run.start": "dlthub job trigger {name}",
    "log.open": "dlthub job logs {name}",
    "masked.open": "dlthub job logs {name}",
    "job.pause": "dlthub job {pause} {name}",
    "job.publish": "dlthub job {publish} {name}",
    "definition.open": "dlthub job info {name}",
}
_OF_A_RUN = {
    "row.open": "dlthub job logs {name} {number}",
    "log.open": "dlthub job logs {name} {number}",
    "masked.open": "dlthub job logs {name} {number}",
    "run.start": "dlthub job trigger {name}",
    "item.end": "dlthub job cancel {name} {number}",
}


def twin_of_job(action_id: str, job_ref: str, *, is_paused: bool, is_published: bool) -> str:
    """A verb on a job; empty where the shell has none."""
    return _OF_A_JOB.get(action_id, "").format(
        name=words.short_ref(job_ref),
        pause="resume" if is_paused else "pause",
        publish="unpublish" if is_published else "publish",
    )


def twin_of_run(action_id: str, job_ref: str, number: int) -> str:
    """A verb on a run; empty where the shell has none."""
    return _OF_A_RUN.get(action_id, "").format(name=words.short_ref(job_ref), number=number)
