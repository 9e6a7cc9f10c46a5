"""Which files a step may reach: the system's to read, its own to change, nothing else (Security: 5)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from planes.data_plane.runner.containment.bubblewrap import find_bubblewrap
from planes.data_plane.runner.request import Confinement

_SYSTEM = (
    "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr", "/etc", "/opt", "/nix/store", "/proc", "/sys",
    "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager/resolv.conf", "/var/lib/ca-certificates",
)  # fmt: skip
_DEVICES = (
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
    "/dev/dri", "/dev/kfd", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-modeset",
    *(f"/dev/nvidia{number}" for number in range(16)),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """What an administrator opens to every job of a plane, and the folder that stays closed whatever is opened.

    Where `is_required`, a step that this system cannot contain is not started. `is_strict`: jobs and builds run inside
    bubblewrap, jobs without a network unless they `have_network`.
    """

    private: Path
    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    is_required: bool = False
    is_strict: bool = False
    have_network: bool = True

    def confine(
        self, read: Iterable[Path], programs: Iterable[Path], write: Iterable[Path], temporary: Path
    ) -> Confinement:
        """A step's reach: the system and its own. Looks at the disk.

        What is in `read` and `write` may lie in the private folder. The last name of such a path is not followed: who
        builds environments may have put a link there. Nor do `programs` open anything there: an environment's link says
        where its interpreter is.
        """
        private = Path(os.path.realpath(self.private))
        own, changed = (list(map(_unfollowed, paths)) for paths in (read, write))
        opened = {
            place
            for path in (*map(Path, _SYSTEM), *self.read, *programs)
            for place in _without(Path(os.path.realpath(path)), private)
        }
        opened.update(
            place for path in own for place in ([path] if private in path.parents else _without(path, private))
        )
        changed += [place for path in self.write for place in _without(Path(os.path.realpath(path)), private)]
        return Confinement(
            read=tuple(sorted(map(str, opened))),
            write=tuple(sorted(set(map(str, changed)))),
            use=tuple(sorted({os.path.realpath(path) for path in _DEVICES if os.path.exists(path)})),
            temporary=os.path.realpath(temporary),
            is_required=self.is_required,
            is_strict=self.is_strict,
            bubblewrap=_bubblewrap() if self.is_strict else None,
            has_network=self.have_network,
        )


@cache
def _bubblewrap() -> str | None:
    return find_bubblewrap()


def _unfollowed(path: Path) -> Path:
    return Path(os.path.realpath(path.parent), path.name)


def _without(folder: Path, private: Path) -> list[Path]:
    """The folder, or, where the private one lies in it, what else is in it on the way there."""
    if folder == private or private in folder.parents:
        return []
    if folder not in private.parents:
        return [folder]
    try:
        entries = list(folder.iterdir())
    except OSError:
        return []
    return [place for entry in entries if not entry.is_symlink() for place in _without(entry, private)]
