"""The same as a key, as a command line of a shell: what places share; each place knows its own verbs.

Where this program has a command, it is that: it works in every shell of this machine. `dlthub`, of the platform's
client, knows its workspace by the folder that it is called in.
"""

from __future__ import annotations

from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.options import Reach

_PLACES = {
    "tab.1": "jobs", "tab.2": "runs", "nav.home": "workspaces", "nav.platform": "doctor", "doctor.open": "doctor",
}  # fmt: skip
# Tabs that no command lists: the app is opened there.
_TABS_OF_THE_APP = {"tab.5": "pipelines", "tab.6": "team", "tab.7": "alerts", "tab.8": "residency"}
# These work beside the platform, with its home; from elsewhere they reach nothing.
_BESIDE = ("doctor", "admin")
_OF_THE_CLIENT = {"tab.3": "workspace deployment list", "tab.4": "variable list"}
_OF_A_JOB = {
    "row.open": "open", "definition.open": "open", "run.start": "run", "log.open": "logs", "masked.open": "logs",
}  # fmt: skip
_OF_A_RUN = {"row.open": "open", "log.open": "logs", "masked.open": "logs", "item.end": "stop"}


def in_shell(verb: str, place: str = "", *more: str, whom: str = "", reach: Reach) -> str:
    """A command of this program about a place, and whom, at the installation that one is connected to.

    `more` are options, each in one word.
    """
    options = list(more)
    is_beside = verb.startswith(_BESIDE)
    if reach.url and not is_beside:
        options += ["--url", reach.url]
    if reach.home and not (reach.url and is_beside):
        options += ["--home", reach.home]
    named = [*filter(None, (place, whom))]
    # Behind `--` nothing is taken for an option.
    is_like_option = any(word.startswith("-") for word in named)
    tail = [*options, "--", *named] if is_like_option else [*named, *options]
    return _line(["dlthub-tui", *verb.split(), *tail])


def in_shell_of_client(verb: str, *more: str) -> str:
    """A command of the platform's client."""
    return _line(["dlthub", *verb.split(), *more])


def twin_of_place(action_id: str, workspace: str, reach: Reach) -> str:
    """What a place shows; `workspace` is the link of the one that it is in. Empty where the shell has nothing."""
    if action_id == "session.end" and reach.url:
        return in_shell("connect", reach.url, "--sign-out", reach=Reach(reach.home))
    if action_id in _TABS_OF_THE_APP:
        return in_shell("open", f"{workspace}:{_TABS_OF_THE_APP[action_id]}", reach=reach) if workspace else ""
    if action_id in _OF_THE_CLIENT:
        return in_shell_of_client(_OF_THE_CLIENT[action_id])
    if action_id not in _PLACES:
        return ""
    if not action_id.startswith("tab."):
        return in_shell(_PLACES[action_id], reach=reach)
    return in_shell(_PLACES[action_id], workspace, reach=reach) if workspace else ""


def twin_of_job(action_id: str, job: str, reach: Reach, *, is_paused: bool, is_published: bool) -> str:
    """A verb on a job, by its link; empty where the shell has none."""
    if action_id in _OF_A_JOB:
        return in_shell(_OF_A_JOB[action_id], job, reach=reach)
    verbs = {"job.pause": "resume" if is_paused else "pause", "job.publish": "unpublish" if is_published else "publish"}
    return in_shell_of_client(f"job {verbs[action_id]}", job.rpartition("/")[2]) if action_id in verbs else ""


def twin_of_run(action_id: str, run: str, reach: Reach) -> str:
    """A verb on a run, by its link; empty where the shell has none."""
    if action_id == "run.start":
        return in_shell("run", run.rpartition("/")[0], reach=reach)
    return in_shell(_OF_A_RUN[action_id], run, reach=reach) if action_id in _OF_A_RUN else ""


def link_of_held(workspace: str, job_ref: str, number: int) -> str:
    """The link of a run of which the platform tells."""
    return f"{workspace}/{words.short_ref(job_ref)}/{number}"


def where_it_works(line: str, reach: Reach) -> str:
    """What a shell needs for it, or that it is only the way back here; empty where neither is to be said."""
    if not line.startswith("dlthub-tui "):
        return "in a folder connected to the workspace"
    if line.startswith("dlthub-tui open "):
        return "opens the app there"
    is_beside = line.removeprefix("dlthub-tui ").startswith(_BESIDE)
    return "on the platform's machine" if reach.url and is_beside else ""


def _line(parts: list[str]) -> str:
    from planes.wire.shell_words import command_line  # not before the first frame

    return command_line(parts)
