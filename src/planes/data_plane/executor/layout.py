"""Folders of organizations, workspaces and runs on this machine (Contract: 5.1).

    <plane>/orgs/<organization>/workspaces/<workspace>/
        environments/  uv-cache/     the workspace's uid
        data/<profile>/              the workspace's uid; what jobs load into local destinations stays here
        runs/<run>/                  the platform's
            ctl/                     the platform's alone: log, exit record
            work/                    the job's uid: its working directory, gone when the run is over
            artifacts/               the platform's: what a dashboard reads, gone when the run is over

The job's uid passes through the platform's folders (0711) but cannot list them. Every function may run twice.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from planes.data_plane.executor.environments import Unreachable
from planes.data_plane.executor.environments.reach import obstacle
from planes.data_plane.runner.trees import remove_tree

_ORGANIZATIONS = "orgs"
_PASSED_THROUGH = 0o711
_PRIVATE = 0o700
_CLOSED_TO_OTHERS = 0o077
_TOML = ".toml"
_OLD_LOCAL_FOLDER = "_local"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who the job's files belong to. The gid is the same number; None means the platform's own user."""

    uid: int | None

    def take(self, path: Path) -> None:
        """Makes the path the job's. Only for paths in folders that the job cannot change."""
        if self.uid is not None:
            os.chown(path, self.uid, self.uid, follow_symlinks=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspacePlace:
    """Where a workspace's files lie. `plane` is the data plane's folder."""

    plane: Path
    organization_id: str
    workspace_id: str

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self.plane / _ORGANIZATIONS / self.organization_id / "workspaces" / self.workspace_id

    def run(self, run_id: str) -> RunPlace:
        """Where one of its runs lies."""
        return RunPlace(self.root / "runs" / run_id)

    def data(self, profile: str) -> Path:
        """What jobs of this profile have loaded into local destinations."""
        return self.root / "data" / profile

    def prepare(self, profile: str, owner: Owner) -> None:
        """Makes the folders that outlive runs.

        Raises: Unreachable when the job's uid cannot get here.
        """
        mode = _PRIVATE if owner.uid is None else _PASSED_THROUGH
        way = [self.plane]
        for name in (_ORGANIZATIONS, self.organization_id, "workspaces", self.workspace_id):
            way.append(way[-1] / name)
            _make(way[-1], mode)
        for name in ("runs", "data"):
            _make(self.root / name, mode)
        if owner.uid is not None:
            _let_pass(self.plane, _ORGANIZATIONS)
            _let_pass(way[2], "workspaces")
            problem = obstacle(self.root, owner.uid, owner.uid)
            if problem is not None:
                raise Unreachable(
                    f"The job's user cannot reach its folders: {problem}. "
                    "Give the platform a home that other users may pass through (mode 0711), outside of closed folders."
                )
        _make(self.data(profile), _PRIVATE)
        owner.take(self.data(profile))


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where one run's files lie."""

    root: Path

    @property
    def work(self) -> Path:
        """The job's working directory."""
        return self.root / "work"

    @property
    def home(self) -> Path:
        """The job's HOME."""
        return self.work / ".dlt" / "home"

    @property
    def temporary(self) -> Path:
        """What stands for `/tmp` in the run."""
        return self.work / ".dlt" / "tmp"

    @property
    def sent_artifacts(self) -> Path:
        """Where the job leaves what the workspace's dashboard reads."""
        return self.work / ".dlt" / "artifacts"

    @property
    def called(self) -> Path:
        """What the webhook was sent that this run answers."""
        return self.work / ".dlt" / "webhook"

    @property
    def found_artifacts(self) -> Path:
        """Where a dashboard finds what jobs have left."""
        return self.root / "artifacts"

    @property
    def aside(self) -> Path:
        """What stands for `/tmp` where an interpreter stood by for the run."""
        return self.root / "tmp"

    @property
    def left(self) -> Path:
        """What an ended run's `work/` has become, until it is removed."""
        return self.root / "work.left"

    def prepare_berth(self, owner: Owner) -> None:
        """Makes the place of an interpreter that stands by: an empty `work/`, and what stands for its `/tmp`."""
        mode = _PRIVATE if owner.uid is None else _PASSED_THROUGH
        for folder in (self.root.parent, self.root):
            _make(folder, mode)
        for folder in (self.work, self.aside):
            _make(folder, _PRIVATE)
        owner.take(self.aside)

    def begin(self, owner: Owner) -> None:
        """Makes an empty `work/`, also where an earlier attempt left something."""
        _make(self.root, _PRIVATE if owner.uid is None else _PASSED_THROUGH)
        self.remove_work()
        _make(self.work, _PRIVATE)

    def lay_out_settings(self, profile: str, data: Path) -> None:
        """Adds `.dlt/` to a copied code tree: the workspace mark, places for state and data.

        `data` becomes `.dlt/data/<profile>`, so that a local destination is found again by the next run, and
        `_local/<profile>`, where dlt keeps it before 1.27. To be called before `hand_over`: until then nobody else
        writes here.
        """
        settings = self.work / ".dlt"
        _own_folder(settings)
        for name in ("state", "data", "home", "tmp"):
            _own_folder(settings / name)
        _clear(self.sent_artifacts)
        _own_folder(self.sent_artifacts)
        _own_folder(settings / "state" / profile)
        link = settings / "data" / profile
        _clear(link)
        link.symlink_to(data, target_is_directory=True)
        _link_where_free(self.work / _OLD_LOCAL_FOLDER, profile, data)
        _write(settings / ".workspace", b"", 0o600)

    def furnish(self, configuration: Mapping[str, bytes], profile: str) -> None:
        """Adds TOML of this profile to that. To be called before `hand_over`, too."""
        for name in files_of_profile(configuration, profile):
            _write(self.work / ".dlt" / name, configuration[name], 0o400)

    def lay_out_call(self, headers: bytes, body: bytes) -> None:
        """Adds what a webhook was sent. To be called before `hand_over`."""
        _own_folder(self.called)
        _write(self.called / "headers.json", headers, 0o400)
        _write(self.called / "body", body, 0o400)

    def hand_over(self, owner: Owner) -> None:
        """Makes `work/` the job's.

        From the leaves up, `work/` itself last: as long as it is the platform's, no other run of the same uid gets in
        and puts a link where the next step would change the owner of something else.
        """
        if owner.uid is None:
            return
        for parent, folders, files in os.walk(self.work, topdown=False):
            for name in (*folders, *files):
                owner.take(Path(parent, name))
        owner.take(self.work)

    def remove_configuration(self) -> None:
        """Removes `.dlt/*.toml`. The job may have put anything in their place: nothing is followed."""
        with opened_below(self.work, (".dlt",)) as settings:
            if settings is None:
                return
            for name in os.listdir(settings):
                if name.endswith(_TOML) and not stat.S_ISDIR(os.lstat(name, dir_fd=settings).st_mode):
                    os.unlink(name, dir_fd=settings)

    def remove_artifacts(self) -> None:
        """Removes what a dashboard has read. May run twice."""
        if self.found_artifacts.exists():
            shutil.rmtree(self.found_artifacts)

    def set_work_aside(self) -> None:
        """Takes the working directory out of its place at once; to remove a hundred thousand files takes minutes."""
        remove_jobs_folder(self.left)
        if self.work.exists():
            self.work.rename(self.left)  # beside it: into another folder, a job that closed its own could not be moved

    def remove_work(self) -> None:
        """Removes the working directory with all that the job left; links are removed, never followed."""
        for folder in (self.work, self.aside, self.left):
            remove_jobs_folder(folder)


def remove_jobs_folder(folder: Path) -> None:
    """Removes a folder in which a job did what it liked; nothing happens if it is not there. Raises: OSError."""
    if folder.exists():
        remove_tree(str(folder))


def files_of_profile(names: Mapping[str, bytes], profile: str) -> list[str]:
    """Base files and those of this profile: a run has no use for another profile's secrets."""
    wanted = {
        "config.toml", "secrets.toml", f"{profile}.config.toml", f"{profile}.secrets.toml",
    }  # fmt: skip
    return sorted(name for name in names if name in wanted)


def _make(folder: Path, mode: int) -> None:
    folder.mkdir(exist_ok=True, mode=mode)
    if stat.S_IMODE(folder.stat().st_mode) != mode:
        folder.chmod(mode)


def _let_pass(folder: Path, way: str) -> None:
    """Lets other users pass through a folder on their way to one entry; everything else in it is closed first."""
    with os.scandir(folder) as entries:
        for entry in entries:
            mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
            if entry.name != way and not entry.is_symlink() and mode & _CLOSED_TO_OTHERS:
                os.chmod(entry.path, mode & ~_CLOSED_TO_OTHERS)
    _make(folder, _PASSED_THROUGH)


def _own_folder(folder: Path) -> None:
    """A folder that is really there: an archive may bring a link or a file of that name."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        folder.unlink()
    folder.mkdir(exist_ok=True, mode=_PRIVATE)


def _link_where_free(folder: Path, name: str, target: Path) -> None:
    """A link below `folder`, unless the archive brought something of either name: that is the user's and stays."""
    if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
        return
    folder.mkdir(exist_ok=True, mode=_PRIVATE)
    if not os.path.lexists(folder / name):
        (folder / name).symlink_to(target, target_is_directory=True)


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    _clear(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


@contextmanager
def opened_folder(name: str | Path, parent: int | None = None) -> Generator[int | None]:
    """A folder by descriptor, or None if there is none (a link is none)."""
    descriptor = _open_folder(name, parent)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def opened_below(root: Path, names: Iterable[str]) -> Generator[int | None]:
    """The same for one in another, by the names on the way there: none of them, and not `root`, may be a link."""
    found = _open_folder(root, None)
    try:
        for name in names:
            if found is None:
                break
            above, found = found, _open_folder(name, found)
            os.close(above)
        yield found
    finally:
        if found is not None:
            os.close(found)


def read_plain(folder: int, name: str, most_bytes: int) -> bytes | None:
    """The content of a plain file in an opened folder, at most one byte more than asked for; None for anything else."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most_bytes + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _open_folder(name: str | Path, parent: int | None) -> int | None:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError:
        return None
