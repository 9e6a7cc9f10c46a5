"""The files of a version as a tree, and what differs between two versions by their digests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


def difference(before: Sequence[VersionFile], after: Sequence[VersionFile], look: Look) -> list[Line]:
    """A head that counts, then each file that came, went or changed, by path."""
    changed = list(_changes(before, after, look))
    if not changed:
        return [line(muted("The same files with the same contents."))]
    counts = {mark: sum(1 for entry in changed if entry[0].text.startswith(mark)) for mark in "+-~"}
    head = f"{counts['+']} added, {counts['-']} removed, {counts['~']} changed, by digest"
    return [line(muted(head)), *changed]


def _changes(before: Sequence[VersionFile], after: Sequence[VersionFile], look: Look) -> Iterator[Line]:
    old, new = {file.path: file for file in before}, {file.path: file for file in after}
    for path in sorted({*old, *new}):
        was, now = old.get(path), new.get(path)
        shown = guard(path)
        if was is None and now is not None:
            yield line(Span("+ ", Role.OK), shown, muted(f"  {words.size(now.size_bytes)}"))
        elif now is None and was is not None:
            yield line(Span("- ", Role.FAIL), shown, muted(f"  {words.size(was.size_bytes)}"))
        elif was is not None and now is not None and (was.digest, was.link) != (now.digest, now.link):
            sizes = f"  {words.size(was.size_bytes)} {look.glyphs.becomes} {words.size(now.size_bytes)}"
            yield line(Span("~ ", Role.WARN), shown, muted(sizes))
