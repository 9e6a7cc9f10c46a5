"""Where interpreters lie on this machine, and which files one needs: for what may be read by who is confined."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

_PARTS = ("lib", "include", "share", "ssl")
_NAME = re.compile(r"python3(\.[0-9]+t?)?")


def parts_of(python: Path) -> list[Path]:
    """What an interpreter needs of its installation, which may lie in a person's own folder.

    Of ours, a virtual environment maybe, also that.
    """
    real = Path(os.path.realpath(python))
    found = [real, *_installation(real.parent.parent)]
    if os.path.samefile(python, sys.executable) and sys.prefix != sys.base_prefix:
        found.append(Path(sys.prefix))
    return found


def found_on(search_path: str) -> list[Path]:
    """The folders of a `PATH` that have interpreters, and these interpreters' parts."""
    found: list[Path] = []
    for folder in map(Path, filter(os.path.isabs, search_path.split(os.pathsep))):
        pythons = [path for path in _listed(folder) if _NAME.fullmatch(path.name)]
        if pythons:
            found.append(folder)
        for real in {os.path.realpath(path) for path in pythons}:
            found += _installation(Path(real).parent.parent)
    return list(dict.fromkeys(found))


def named_in(environment: Mapping[str, str]) -> list[Path]:
    """Files and folders that a builder is sent to by its environment: certificates, settings, local indexes."""
    words = (word for name, value in environment.items() if name != "PATH" for word in value.split())
    return [Path(word.removeprefix("file://")) for word in words if word.startswith(("/", "file:///"))]


def _installation(prefix: Path) -> list[Path]:
    if not any(prefix.glob("lib/python3*")):
        return []
    return [prefix / name for name in _PARTS]


def _listed(folder: Path) -> Iterable[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return ()
