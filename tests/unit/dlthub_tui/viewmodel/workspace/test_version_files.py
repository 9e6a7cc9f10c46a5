"""Trees and differences of versions."""

from __future__ import annotations

from datetime import UTC, datetime

from dlthub_tui.client.versions import VersionFile
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import text_of
from dlthub_tui.viewmodel.workspace import version_files

LOOK = Look(now=lambda: datetime(2026, 5, 1, tzinfo=UTC))


def file(path: str, digest: str = "d", size: int = 10, link: str | None = None) -> VersionFile:
    return VersionFile(path=path, size_bytes=size, digest=digest, link=link)


def test_tree_says_each_folder_once() -> None:
    lines = version_files.tree([file("b/c/y.py"), file("a.py"), file("b/x.py"), file("b/c/z.py")], LOOK)

    assert [text_of(each).split()[-1] for each in lines] == ["a.py", "b/", "c/", "y.py", "z.py", "x.py"]


def test_difference_is_by_digest_and_by_where_links_lead() -> None:
    before = [file("same"), file("gone"), file("other", "1"), file("link", link="a")]
    after = [file("same", size=11), file("came"), file("other", "2"), file("link", link="b")]

    lines = [text_of(each)[:8].rstrip() for each in version_files.difference(before, after, LOOK)]

    assert lines == ["1 added,", "+ came  ".rstrip(), "- gone  ".rstrip(), "~ link  ".rstrip(), "~ other"]


def test_same_files_are_said_to_be_the_same() -> None:
    (only,) = version_files.difference([file("a")], [file("a")], LOOK)

    assert "same files" in text_of(only)


def test_names_from_outside_are_made_harmless() -> None:
    (shown,) = version_files.tree([file("a\x1b]0;t\x07.py")], LOOK)

    assert "\x1b" not in text_of(shown)
