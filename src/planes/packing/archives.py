"""Select the files of a workspace and write them as the two archives of a deploy. Contract: 3.3.

Selection, archive format and content hash are dlt's own; this module adds only what makes a failure readable: what
cannot be an archive member is left out with a warning or refused with its name. No run context is activated.
"""

import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from planes.packing.errors import UnreadableWorkspace

SETTINGS_FOLDER = ".dlt"
LOCAL_PROFILES = ("dev", "tests")

OnProgress = Callable[[str, str], None]
"""Called with a step and a short text; cheap, from the packing thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedFile:
    """One member: posix path inside the workspace, size and digest (of where it leads, and 0, for a link)."""

    path: str
    size_bytes: int
    digest: str = ""
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A written archive. `content_hash` depends on names and contents only."""

    path: Path
    content_hash: str
    size_bytes: int
    files: tuple[PackedFile, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Folder:
    """The two facts that dlt's selectors read of a run context."""

    run_dir: str
    settings_dir: str


def pack_code(folder: Path, target: Path, on_progress: OnProgress) -> Archive:
    """Everything but what `.gitignore` excludes and `.dlt/`. Raises: UnreadableWorkspace."""
    from dlt._workspace.deployment.file_selector import WorkspaceFileSelector

    context = _context(folder)
    try:
        selector = WorkspaceFileSelector(cast("Any", context))
    except (OSError, UnicodeError) as exc:
        raise UnreadableWorkspace(f".gitignore: {exc}") from exc
    return _pack("code", context, selector, target, on_progress)


def pack_configuration(folder: Path, target: Path, on_progress: OnProgress) -> Archive:
    """The TOML files directly in `.dlt/` but those of local profiles. Raises: UnreadableWorkspace."""
    from dlt._workspace.deployment.file_selector import ConfigurationFileSelector

    context = _context(folder)
    selector = ConfigurationFileSelector(cast("Any", context))
    return _pack("configuration", context, selector, target, on_progress)


def profiles_of(files: tuple[PackedFile, ...]) -> tuple[str, ...]:
    """Names of the profiles that a configuration archive has files for, sorted."""
    found: set[str] = set()
    for file in files:
        for ending in (".config.toml", ".secrets.toml"):
            if file.path.endswith(ending):
                found.add(file.path.removesuffix(ending))
    return tuple(sorted(found))


def _context(folder: Path) -> _Folder:
    return _Folder(str(folder), str(folder / SETTINGS_FOLDER))


def _pack(step: str, context: _Folder, selector: Any, target: Path, on_progress: OnProgress) -> Archive:
    from dlt._workspace.deployment.package_builder import PackageBuilder

    watched = _WatchedSelector(step, selector, on_progress)
    descriptor = os.open(target, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        try:
            content_hash = PackageBuilder(cast("Any", context)).write_package_to_stream(cast("Any", watched), stream)
        except OSError as exc:
            raise UnreadableWorkspace(f"{watched.current}: {exc.strerror or exc}") from exc
        except UnicodeEncodeError as exc:
            raise UnreadableWorkspace(f"{exc.object!r}: the name is not UTF-8") from exc
    files = _members(target)
    left_out = sorted(watched.seen - {file.path for file in files})
    warnings = [*watched.warnings, *(f"{path}: the link leaves the workspace and is left out" for path in left_out)]
    on_progress(step, f"{len(files)} files")
    return Archive(
        path=target,
        content_hash=content_hash,
        size_bytes=target.stat().st_size,
        files=files,
        warnings=tuple(warnings),
    )


class _WatchedSelector:
    """Passes a selector's files on, remembers them, and keeps out what would block or break an archive."""

    def __init__(self, step: str, selector: Any, on_progress: OnProgress) -> None:
        self._step = step
        self._selector = selector
        self._on_progress = on_progress
        self.current = ""
        self.seen: set[str] = set()
        self.warnings: list[str] = []

    def __iter__(self) -> Iterator[tuple[Path, Path]]:
        for path, relative in self._selector:
            self.current = relative.as_posix()
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                self.warnings.append(f"{self.current}: neither a file nor a link, left out")
                continue
            self.current.encode()
            self.seen.add(self.current)
            if len(self.seen) % 500 == 0:
                self._on_progress(self._step, f"{len(self.seen)} files")
            yield path, relative


def _members(archive: Path) -> tuple[PackedFile, ...]:
    """What the archive's own list says, read back from what was written."""
    with tarfile.open(archive, mode="r|gz") as tar:
        for member in tar:
            if member.name == "manifest.yaml":
                content = tar.extractfile(member)
                assert content is not None
                listed = yaml.load(content.read(), Loader=_yaml_loader())  # noqa: S506  # a safe loader, in C where built
                return tuple(
                    PackedFile(
                        path=item["relative_path"],
                        size_bytes=item["size_in_bytes"],
                        digest=item["sha3_256"],
                        link=item.get("linkname"),
                    )
                    for item in listed["files"]
                )
    raise UnreadableWorkspace(f"{archive.name}: the archive has no list of files")


def _yaml_loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
