"""Folders that can be deployed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MODULE = "__deployment__.py"
MOST = 8


@dataclass(frozen=True, slots=True)
class FolderChoice:
    """A folder below the one that is typed; `is_workspace` says that it declares jobs."""

    path: str
    is_workspace: bool


def default_folder() -> Path | None:
    """The current folder, if it declares jobs."""
    here = Path.cwd()
    return here if (here / MODULE).is_file() else None


def restarted(typed: str) -> str:
    """A whole path, or `~`, that is typed or pasted behind another one takes its place."""
    begins = [place + 1 for sign in ("//", "/~") if (place := typed.rfind(sign)) >= 0]
    return typed[max(begins) :] if begins else typed


def choices(typed: str) -> list[FolderChoice]:
    """Folders whose path begins with what is typed, workspaces first."""
    path = Path(typed).expanduser()
    parent, beginning = (path, "") if typed.endswith("/") or typed in {"", "~"} else (path.parent, path.name)
    try:
        found = [child for child in parent.iterdir() if child.name.startswith(beginning) and child.is_dir()]
    except OSError:
        return []
    visible = [child for child in found if beginning.startswith(".") or not child.name.startswith(".")]
    made = [FolderChoice(str(child), (child / MODULE).is_file()) for child in visible]
    return sorted(made, key=lambda choice: (not choice.is_workspace, choice.path))[:MOST]


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
    return max(first[:same], str(Path(typed).expanduser()), key=len)
