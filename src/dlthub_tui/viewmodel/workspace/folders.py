"""Folders that can be deployed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dlthub_tui.paths import typed_path

MODULE = "__deployment__.py"
MOST = 8


@dataclass(frozen=True, slots=True)
class FolderChoice:
    """A folder below the one that is typed; `is_workspace` says that it declares jobs."""

    path: str
    is_workspace: bool
    is_example: bool = False
    """Whether it is the one that comes with this program."""


def declares_jobs(folder: Path) -> bool:
    """Whether it has the module that does; a folder that is closed to us has nothing to show."""
    return os.access(folder / MODULE, os.F_OK)


def current_folder() -> Path:
    """The current folder; the user's own where that is gone."""
    try:
        return Path.cwd()
    except OSError:
        return typed_path("~")


def default_folder() -> Path | None:
    """The current folder, if it declares jobs."""
    here = current_folder()
    return here if declares_jobs(here) else None


def restarted(typed: str) -> str:
    """A whole path, or `~`, that is typed or pasted behind another one takes its place."""
    begins = [place + 1 for sign in ("//", "/~") if (place := typed.rfind(sign)) >= 0]
    return typed[max(begins) :] if begins else typed


def choices(typed: str) -> list[FolderChoice]:
    """Folders whose path begins with what is typed, workspaces first."""
    path = typed_path(typed)
    parent, beginning = (path, "") if typed.endswith("/") or typed in {"", "~"} else (path.parent, path.name)
    try:
        found = [child for child in parent.iterdir() if child.name.startswith(beginning) and _is_folder(child)]
    except OSError:
        return []
    visible = [child for child in found if beginning.startswith(".") or not child.name.startswith(".")]
    made = [FolderChoice(str(child), declares_jobs(child)) for child in visible]
    return sorted(made, key=lambda choice: (not choice.is_workspace, choice.path))[:MOST]


def _is_folder(path: Path) -> bool:
    """Whether it is one; a link into a closed folder is none to us."""
    try:
        return path.is_dir()
    except OSError:
        return False


def offered(typed: str, example: Path) -> list[FolderChoice]:
    """The choices; where none of them declares jobs, nor what is typed itself, the example is the last one."""
    found = choices(typed)
    if declares_jobs(typed_path(typed)) or any(choice.is_workspace for choice in found):
        return found
    return [*found[: MOST - 1], FolderChoice(str(example), is_workspace=True, is_example=True)]


def completed(typed: str) -> str:
    """What `tab` makes of it: as far as all choices agree."""
    paths = [choice.path for choice in choices(typed)]
    if not paths:
        return typed
    if len(paths) == 1:
        return paths[0] + "/"
    first, last = min(paths), max(paths)
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return max(first[:same], str(typed_path(typed)), key=len)
