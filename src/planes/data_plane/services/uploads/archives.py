"""What an uploaded archive must be: files and links below `files/`, and a manifest that tells the truth about them.

Whoever takes the entries gets them checked as far as a stream allows; `contents` is there when all of it was checked,
and is what counts. Contract: 3.3, Reliability: R6.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from planes.data_plane.services.uploads.archive_manifest import FileFact, check_manifest, content_hash_of
from planes.data_plane.services.uploads.tar_stream import Limits, Member, TarStream, refusal

MANIFEST_NAME = b"manifest.yaml"
_PREFIX = b"files/"
_MAXIMUM_PATH_BYTES = 1024
_MAXIMUM_PART_BYTES = 255
_MAXIMUM_DEPTH = 64
_MAXIMUM_MANIFEST_BYTES = 24 * 1024 * 1024
_MAXIMUM_LINKS = 10_000
_MAXIMUM_HOPS = 40
# What a person can do about their own files.
_RENAME = "Rename it, or leave it out with .gitignore."
_RENAME_ONE = "Rename one of them, or leave it out with .gitignore."
_SHORTEN = "Shorten it, or leave it out with .gitignore."
_LINK = "Link to a file of the folder by a relative path, or leave it out with .gitignore."
# Characters that would make a name look like another one, or break a line.
_UNSHOWABLE = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\ufeff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file or link of the tree. `target` is a link's text, as it stands in the archive."""

    path: str
    size: int
    is_executable: bool
    target: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A whole archive that keeps every rule. `files` are sorted by path."""

    files: tuple[FileFact, ...]
    content_hash: str
    size_bytes: int

    @property
    def file_count(self) -> int:
        """Files and links."""
        return len(self.files)


class ArchiveReader:
    """Goes through one archive once."""

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        self._tar = TarStream(source, limits)
        self._facts: dict[str, FileFact] = {}
        self._links: dict[str, str] = {}
        self._folders: set[str] = set()
        self._folded: dict[str, str] = {}
        self._manifest: bytearray | None = None
        self._contents: Contents | None = None

    @property
    def contents(self) -> Contents:
        """What the archive holds; only after `entries` came to its end."""
        assert self._contents is not None, "the archive was not read to its end"
        return self._contents

    def entries(self) -> Iterator[tuple[Entry, Iterator[bytes]]]:
        """Each file and link with its content in pieces. What is not taken is read and hashed all the same.

        Raises: InvalidRequest, TooLarge.
        """
        for member in self._tar.members():
            if member.name == MANIFEST_NAME:
                self._take_manifest(member)
                continue
            entry = self._admit(member)
            digest = hashlib.sha3_256()
            content = self._hashed(digest.update)
            yield entry, content
            for _ in content:
                pass
            if entry.target is not None:
                digest.update(entry.target.encode())
            self._facts[entry.path] = FileFact(
                path=entry.path, size=entry.size, sha3_256=digest.digest(), target=entry.target
            )
        self._conclude()

    def _hashed(self, update: Callable[[bytes], None]) -> Iterator[bytes]:
        for piece in self._tar.content():
            update(piece)
            yield piece

    def _take_manifest(self, member: Member) -> None:
        if self._manifest is not None:
            raise refusal("it has two manifests")
        if member.target is not None or member.size > _MAXIMUM_MANIFEST_BYTES:
            raise refusal("its manifest is a link or too large")
        self._manifest = bytearray()
        for piece in self._tar.content():
            self._manifest += piece

    def _admit(self, member: Member) -> Entry:
        shown = member.name.decode("utf-8", "backslashreplace")
        if not member.name.startswith(_PREFIX):
            raise refusal("a member lies outside files/", shown)
        path = _checked_path(member.name[len(_PREFIX) :], shown)
        if member.mode & 0o6000:
            raise refusal("a set-user-id or set-group-id file is not allowed", shown, advice="Remove it: chmod ug-s.")
        self._claim(path, shown)
        target = None
        if member.target is not None:
            target = self._admit_link(path, member.target, shown)
        return Entry(path=path, size=member.size, is_executable=bool(member.mode & 0o100), target=target)

    def _claim(self, path: str, shown: str) -> None:
        """No two members may meet in one place, not even on a file system that ignores case."""
        if path in self._facts:
            raise refusal("a name is there twice", shown)
        if path in self._folders:
            raise refusal("a name is both a file and a folder", shown)
        self._claim_folded(path)
        parts = path.split("/")
        for depth in range(len(parts) - 1, 0, -1):
            parent = "/".join(parts[:depth])
            if parent in self._facts:
                kind = "link" if parent in self._links else "file"
                raise refusal(f"a member lies below a {kind}", shown)
            if parent in self._folders:
                break
            self._claim_folded(parent)
            self._folders.add(parent)

    def _claim_folded(self, path: str) -> None:
        other = self._folded.setdefault(unicodedata.normalize("NFC", path).casefold(), path)
        if other != path:
            rule = "two names differ only in case or in how an accent is written, which some file systems take for one"
            raise refusal(rule, other, path, advice=_RENAME_ONE)

    def _admit_link(self, path: str, raw: bytes, shown: str) -> str:
        target = _checked_text(raw, shown)
        if not target or target.startswith("/"):
            raise refusal("a link is empty or absolute", shown, advice=_LINK)
        if len(raw) > _MAXIMUM_PATH_BYTES:
            raise refusal(f"the target of a link is longer than {_MAXIMUM_PATH_BYTES} bytes", shown, advice=_LINK)
        if path.split("/", maxsplit=1)[0].casefold() == ".dlt":
            rule = "a link in .dlt is not allowed: configuration is written there"
            raise refusal(rule, shown, advice="Put a file in its place.")
        if len(self._links) >= _MAXIMUM_LINKS:
            raise refusal(f"it has more than {_MAXIMUM_LINKS} links")
        self._links[path] = target
        return target

    def _conclude(self) -> None:
        for path in self._links:
            if not _stays_inside(path, self._links):
                raise refusal("a link leads out of the tree or in a circle", path, advice=_LINK)
        if self._manifest is None:
            raise refusal("it has no manifest.yaml")
        facts = tuple(self._facts[path] for path in sorted(self._facts))
        check_manifest(self._manifest, facts)
        self._contents = Contents(
            files=facts, content_hash=content_hash_of(facts), size_bytes=sum(fact.size for fact in facts)
        )


def verify_archive(source: BinaryIO, limits: Limits) -> Contents:
    """Reads an archive to its end without writing anything. Takes a thread's time: call it in one.

    Raises: InvalidRequest, TooLarge.
    """
    reader = ArchiveReader(source, limits)
    for _ in reader.entries():
        pass
    return reader.contents


def _checked_path(raw: bytes, shown: str) -> str:
    if len(raw) > _MAXIMUM_PATH_BYTES:
        raise refusal(f"a path is longer than {_MAXIMUM_PATH_BYTES} bytes", shown, advice=_SHORTEN)
    path = _checked_text(raw, shown)
    parts = path.split("/")
    if path.startswith("/"):
        raise refusal("a name is absolute", shown)
    if ".." in parts:
        raise refusal("a name contains '..'", shown)
    if "" in parts or "." in parts:
        raise refusal("a name is not in its plain form", shown)
    if len(parts) > _MAXIMUM_DEPTH:
        raise refusal(f"a path is deeper than {_MAXIMUM_DEPTH} folders", shown, advice=_SHORTEN)
    if any(len(part.encode()) > _MAXIMUM_PART_BYTES for part in parts):
        raise refusal(f"a name is longer than {_MAXIMUM_PART_BYTES} bytes", shown, advice=_SHORTEN)
    return path


def _checked_text(raw: bytes, shown: str) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as exc:
        raise refusal("a name is not UTF-8", shown, advice=_RENAME) from exc
    for character in text:
        if unicodedata.category(character) == "Cc" or character in _UNSHOWABLE:
            rule = f"a name contains a control character, U+{ord(character):04X}, which could hide what it is"
            raise refusal(rule, shown, advice=_RENAME)
    return text


def _stays_inside(path: str, links: dict[str, str]) -> bool:
    """Walks a link as the system would, following every link on the way; dangling inside the tree is fine."""
    place = path.split("/")[:-1]
    todo = links[path].split("/")[::-1]
    hops = 0
    while todo:
        part = todo.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            if not place:
                return False
            place.pop()
            continue
        place.append(part)
        target = links.get("/".join(place))
        if target is not None:
            hops += 1
            if hops > _MAXIMUM_HOPS:
                return False
            place.pop()
            todo += target.split("/")[::-1]
    return True
