"""The files of a version as a tree, and what differs between two versions, or one and a folder, by their digests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dlthub_tui.client.versions import VersionFile
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, line, muted

_SIZE_CELLS = 8


def tree(files: Sequence[VersionFile], look: Look) -> list[Line]:
    """Folders once, files below them with their sizes."""
    lines: list[Line] = []
    open_folders: tuple[str, ...] = ()
    for file in sorted(files, key=lambda each: each.path.split("/")):
        *folders, name = file.path.split("/")
        for depth, folder in enumerate(folders):
            if open_folders[: depth + 1] != tuple(folders[: depth + 1]):
                lines.append(line(" " * _SIZE_CELLS, "  " * depth, f"{guard(folder)}/"))
        open_folders = tuple(folders)
        size = words.size(file.size_bytes).rjust(_SIZE_CELLS - 1)
        shown = guard(name) + (f" {look.glyphs.becomes} {guard(file.link)}" if file.link else "")
        lines.append(line(muted(size + " "), "  " * len(folders), shown))
    return lines


class Digested(Protocol):
    """A file of a version or of a folder, known by its digest."""

    @property
    def path(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def link(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class FileChange:
    """`mark` is + for a file that came, - for one that went, ~ for one with other contents; `sizes`: before, after."""

    path: str
    mark: str
    sizes: str


_ROLES = {"+": Role.OK, "-": Role.FAIL, "~": Role.WARN}


def changes(before: Sequence[Digested], after: Sequence[Digested], look: Look) -> list[FileChange]:
    """What differs, by path."""
    old, new = {file.path: file for file in before}, {file.path: file for file in after}
    found: list[FileChange] = []
    for path in sorted({*old, *new}):
        was, now = old.get(path), new.get(path)
        if was is None and now is not None:
            found.append(FileChange(path, "+", words.size(now.size_bytes)))
        elif now is None and was is not None:
            found.append(FileChange(path, "-", words.size(was.size_bytes)))
        elif was is not None and now is not None and (was.digest, was.link) != (now.digest, now.link):
            sizes = f"{words.size(was.size_bytes)} {look.glyphs.becomes} {words.size(now.size_bytes)}"
            found.append(FileChange(path, "~", sizes))
    return found


def marked(change: FileChange) -> Span:
    """Its mark, in the colour of what happened."""
    return Span(change.mark, _ROLES[change.mark])


def difference(before: Sequence[Digested], after: Sequence[Digested], look: Look) -> list[Line]:
    """A head that counts, then each file that came, went or changed, by path."""
    found = changes(before, after, look)
    if not found:
        return [line(muted("The same files with the same contents."))]
    counts = Counter(change.mark for change in found)
    head = f"{counts['+']} added, {counts['-']} removed, {counts['~']} changed, by digest"
    lines = (line(marked(each), " ", guard(each.path), muted(f"  {each.sizes}")) for each in found)
    return [line(muted(head)), *lines]
