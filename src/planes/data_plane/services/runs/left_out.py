"""What a workspace's own files ask for and its requirements lack: the released client says nothing of it.

Only here do both lie side by side. Where the client finds `uv` it lets that read requirements.txt, else it takes the
lines that are plain requirements and passes over the others. Of a pyproject.toml without lock it takes lists of names.
What that, or a .python-version, says of Python it does not read.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from planes.manifest.requirements import MAIN_GROUP, package_name

_MOST_BYTES = 256 * 1024
_MOST_NAMED = 20
_MOST_SIGNS = 300
_MOST_NESTED = 20
_MOST_PATCHES = 40
_OPTION = re.compile(r"\s--?[a-z]")
_FILE = re.compile(r"(-r|--requirement|-c|--constraint)[\s=]*(\S.*)")
_INDEX = re.compile(r"(-i|--index-url|--extra-index-url|-f|--find-links|--no-index)\b")
_PLACE = re.compile(r"(-e|--editable)\b|\.{0,2}/|[A-Za-z][A-Za-z0-9+.-]*://|\S+\.(whl|zip|tar\.\w+)$")
_VERSIONS = r"\(?\s*(?:(?:===?|[<>~!]=|<|>)\s*(?:[0-9]+!)?\w[^\s,;()<>=!~]*\s*,?\s*)+\)?"
_PLAIN = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*(?:@\s*\S+|{_VERSIONS})?\s*(?:;.*)?")

_PINNED = re.compile(r"(?:cpython[-@]?)?(3\.[0-9]+)(?:\.[0-9]+)?", re.ASCII)

_INSTALL_UV = "Install uv where you deploy, which reads them, or write plain requirements; then deploy again."
_OWN_CODE = (
    "Jobs import from the workspace's own folder: put the package there, or name a published one "
    "(NAME @ URL where it has an address); then deploy again."
)
_INDEXES = "Packages come from the index that the region is set to (setting index_url), whatever a workspace says."


def left_out(tree: Path, manifest: Mapping[str, Any], groups: Sequence[str] = ()) -> list[str]:
    """One sentence for each kind of what is left out, for the person whose job it is; `groups` are the job's own.

    `manifest` is a checked requirements.json, `tree` the unpacked code, which never changes: it is read once. Blocking.
    """
    wanted = tuple(dict.fromkeys((MAIN_GROUP, *groups)))
    lines = tuple(tuple(manifest["groups"].get(group, ())) for group in wanted)
    return [*_other_python(tree, manifest["python_version"]), *_left_out(tree, wanted, lines)]


@lru_cache(maxsize=64)
def _other_python(tree: Path, version: str) -> tuple[str, ...]:
    """The client takes the Python that it runs on, and `uv` looks at what packages ask for, not at the workspace."""
    asked: list[str] = []
    wish = _table(_document(_read(tree, tree / "pyproject.toml") or ""), "project").get("requires-python")
    if isinstance(wish, str) and len(wish) <= _MOST_SIGNS and not _fits(version, wish):
        asked.append(f"pyproject.toml asks for Python {wish}")
    pinned = _PINNED.fullmatch((_lines(_read(tree, tree / ".python-version") or "") or [""])[0])
    if pinned and pinned[1] != ".".join(version.split(".")[:2]):
        asked.append(f".python-version asks for Python {pinned[0]}")
    return tuple(
        f"{said}, and this environment has {version}: the client takes the Python that it runs on. Deploy with a "
        "client that runs on the Python you mean, such as one in a virtual environment of it."
        for said in asked
    )


def _fits(version: str, wish: str) -> bool:
    """A version without its last part is any of these."""
    try:
        specifiers = SpecifierSet(wish)
    except InvalidSpecifier:
        return True
    patches = (f".{patch}" for patch in range(_MOST_PATCHES)) if version.count(".") == 1 else ()
    return any(specifiers.contains(f"{version}{patch}") for patch in ("", *patches))


@lru_cache(maxsize=64)
def _left_out(tree: Path, groups: tuple[str, ...], lines: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    project = _read(tree, tree / "pyproject.toml")
    if project is not None:
        return tuple(_of_project(tree, project, dict(zip(groups, lines, strict=True))))
    for name in ("requirements.txt", "requirements.in"):
        text = _read(tree, tree / name)
        if text is not None:
            return tuple(_of_lines(tree, name, text, _names(lines[0])))
    return ()


def _of_lines(tree: Path, name: str, text: str, present: set[str]) -> Iterator[str]:
    lines = _lines(text)
    yield from _say(name, "where packages are looked for", _found(lines, _INDEX), _INDEXES)
    plain = [line for line in lines if _is_plain(line)]
    if present != _names(plain):
        return  # uv has read the file: what it asks for is resolved
    others = [line for line in lines if not _is_plain(line) and not _INDEX.match(line)]
    files = [line for line in others if _FILE.match(line) and _asks_for_more(tree, name, line, present)]
    yield from _say(name, "other files", files, _INSTALL_UV)
    yield from _say(name, "places of packages", [line for line in others if _PLACE.match(line)], _OWN_CODE)
    rest = [line for line in others if not line.startswith("-") and not _PLACE.match(line)]
    yield from _say(name, "lines with hashes or options, or that are no requirements", rest, _INSTALL_UV)


def _of_project(tree: Path, text: str, groups: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    name, document = "pyproject.toml", _document(text)
    project, is_locked = _table(document, "project"), (tree / "uv.lock").is_file()
    lines = [line for group in groups.values() for line in group]
    sources = _table(document, "tool", "uv", "sources")
    named = [key for key, source in sources.items() if _is_lost(key, source, lines, is_locked)]
    advice = (
        "A package of this name comes from the region's index, or none does. Write it as NAME @ URL among the "
        f"dependencies, or put it into the workspace's folder. {_INDEXES}"
    )
    yield from _say(f"{name}, [tool.uv.sources]", "where packages come from", named, advice)
    if is_locked:
        return
    if "dependencies" in _strings(project.get("dynamic")):
        yield from _say(name, "dynamic dependencies", ['dynamic = ["dependencies"]'], "List them, or lock with uv.")
    advice = "Write the packages themselves into the group, or lock with uv (uv.lock); then deploy again."
    for group in groups:
        entries = _table(document, "dependency-groups").get(group)
        included = [_table(entry).get("include-group") for entry in _list(entries)]
        yield from _say(f"{name}, group {group}", "groups that it includes", _strings(included), advice)
    if not _list(project.get("dependencies")):
        yield from _beside_project(tree, document, _names(groups[MAIN_GROUP]))


def _beside_project(tree: Path, document: Mapping[str, Any], present: set[str]) -> Iterator[str]:
    """A pyproject.toml that lists nothing, such as one for the settings of tools, hides what else lists packages."""
    advice = "Where there is a pyproject.toml the client reads its [project] dependencies only. List them there."
    poetry = [key for key in _table(document, "tool", "poetry", "dependencies") if key.lower() != "python"]
    yield from _say("pyproject.toml, [tool.poetry]", "dependencies", poetry, advice)
    text = _read(tree, tree / "requirements.txt")
    lines = [line for line in _lines(text or "") if not line.startswith("-") and package_name(line) not in present]
    yield from _say("requirements.txt", "lines", lines, advice)


def _say(where: str, what: str, which: Sequence[str], advice: str) -> Iterator[str]:
    if which:
        named = ", ".join(_shown(line) for line in which[:_MOST_NAMED])
        more = f" and {len(which) - _MOST_NAMED} more" if len(which) > _MOST_NAMED else ""
        yield f"Left out of this environment by the client that deployed ({where}: {what}): {named}{more}. {advice}"


def _shown(line: str) -> str:
    """Without hashes. Nothing is cut within a word: half a secret would not be known for one."""
    line = re.sub(r"\s+--hash[=\s]\S+", " --hash", line)
    line = re.sub(r"( --hash)+", " --hash=…", line)
    return line if len(line) <= _MOST_SIGNS else f"a line of {len(line)} characters"


def _found(lines: Iterable[str], pattern: re.Pattern[str]) -> list[str]:
    return [found.group() for line in lines if (found := pattern.match(line))]


def _lines(text: str) -> list[str]:
    """As the client cuts them. Of several blanks one is left, so that no pattern tries them one by one."""
    cut = (" ".join(re.split(r"\s#", line, maxsplit=1)[0].split()) for line in text.replace("\\\n", "").splitlines())
    return [line for line in cut if line and not line.startswith("#")]


def _is_plain(line: str) -> bool:
    return _OPTION.search(line) is None and _PLAIN.fullmatch(line) is not None


def _names(lines: Iterable[str]) -> set[str]:
    return {package_name(line) for line in lines}


def _asks_for_more(tree: Path, name: str, line: str, present: set[str]) -> bool:
    """Whether a file that is named has what is not there; of constraints, any."""
    found = _FILE.match(line)
    if found is None or "c" in found.group(1).replace("requirement", ""):
        return True
    seen: set[Path] = set()
    asked = _names_below(tree, (tree / name).parent / found.group(2), seen)
    return asked is None or not asked <= present


def _names_below(tree: Path, path: Path, seen: set[Path]) -> set[str] | None:
    """None where a file cannot be read."""
    if path in seen or len(seen) > _MOST_NESTED:
        return set()
    seen.add(path)
    text = _read(tree, path)
    if text is None:
        return None
    names: set[str] = set()
    for line in _lines(text):
        found = _FILE.match(line)
        if found is None:
            names |= set() if line.startswith("-") else {package_name(line)}
            continue
        below = _names_below(tree, path.parent / found.group(2), seen)
        if below is None:
            return None
        names |= below
    return names


def _is_lost(name: str, source: object, lines: Sequence[str], is_locked: bool) -> bool:
    """An index is never taken over; another source is, where a lock makes it an address."""
    own = [line for line in lines if package_name(line) == package_name(name)]
    entries = [_table(entry) for entry in _list(source)] or [_table(source)]
    has_index = any("index" in entry for entry in entries)
    return bool(own) and (has_index or not is_locked) and not any("@" in line for line in own)


def _read(tree: Path, path: Path) -> str | None:
    """A file of the tree, never one outside it."""
    try:
        place = path.resolve()
        if not place.is_relative_to(tree.resolve()) or not place.is_file() or place.stat().st_size > _MOST_BYTES:
            return None
        return place.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return None


def _document(text: str) -> dict[str, Any]:
    """Empty where it is no TOML: the client has said so."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _table(value: object, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _strings(value: object) -> list[str]:
    return [entry for entry in _list(value) if isinstance(entry, str)]
