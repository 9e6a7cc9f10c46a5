"""What a disk may hold after a power cut, from a record of all that a process asked of it.

`strace` records the calls. A call that was not followed by an `fsync` of its file is on the disk or is not, in any
order and cut into sectors; names are there up to some call, since file systems keep the order of names, and surely
once their folder was synced. The first name of a file is there with its content (as on ext4 and XFS).
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SECTORS = (512, 4096)
_CALLS = (
    "openat,open,creat,close,lseek,write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,fallocate,fsync,fdatasync,"
    "sync_file_range,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,copy_file_range,sendfile"
)
_LINE = re.compile(r"(?P<at>\d+\.\d+) (?P<call>\w+)\((?P<rest>.*)\) += (?P<result>-?\d+)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FD = re.compile(r"^(\d+)<([^>]*)>")
_DATA = frozenset({"write", "writev", "pwrite64", "pwritev"})
_UNKNOWN = frozenset({"pwritev2", "fallocate", "copy_file_range", "sendfile"})


@dataclass(frozen=True, slots=True)
class Call:
    """One successful call: of a file (`path`), with what it needs."""

    kind: Literal["write", "truncate", "sync", "create", "folder", "rename", "link", "unlink", "said"]
    path: str
    offset: int = 0
    content: bytes = b""
    other: str = ""


def missing() -> str | None:
    """Why nothing can be recorded here."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False)
    return None if tried.returncode == 0 else "this system lets no process be traced"


def record(folder: Path, module: str, arguments: Iterable[str], traces: Path) -> list[Call]:
    """Runs a module of ours whose first argument is the folder; every call below the folder, and what it said."""
    said = traces / "said"
    with said.open("wb") as errors:
        subprocess.run(
            [
                "strace", "-ff", "-ttt", "-y", "-xx", "-s", str(1 << 24), "-e", f"trace={_CALLS}", "-o",
                str(traces / "calls"), sys.executable, "-m", module, str(folder), *arguments,
            ],
            check=True, stderr=errors, cwd=Path(__file__).parents[2], timeout=240,
        )  # fmt: skip
    found = [line for path in traces.glob("calls.*") for line in path.read_text(encoding="ascii").splitlines()]
    found.sort(key=lambda line: float(line.partition(" ")[0]))
    return list(_calls(found, str(folder), str(said)))


def _calls(lines: Iterable[str], folder: str, said: str) -> Iterator[Call]:
    places: dict[str, int] = {}  # of each descriptor that is written to in order
    sizes: dict[str, int] = {}
    appends: set[str] = set()
    known: set[str] = set()
    for line in lines:
        match = _LINE.match(line)
        if match is None or int(match["result"]) < 0:
            continue
        call, rest = match["call"], match["rest"]
        strings = [bytes.fromhex(text.replace("\\x", "")) for text in _STRING.findall(rest)]
        descriptor = _FD.match(rest)
        number, path = (descriptor[1], _shown(descriptor[2])) if descriptor else ("", "")
        if call in {"write", "writev"} and path == said:
            yield Call("said", said, content=b"".join(strings))
            continue
        named = () if call in _DATA else (os.path.join(path, text.decode(errors="replace")) for text in strings)
        names = [name for name in named if name.startswith(folder)]
        if not path.startswith(folder) and not names:
            continue
        assert call not in _UNKNOWN, line[:300]
        if call in {"openat", "open", "creat"}:
            name, opened = names[0], match["result"]
            places[opened] = 0
            appends.discard(opened)
            if "O_APPEND" in rest:
                appends.add(opened)
            if "O_CREAT" in rest and name not in known:
                known.add(name)
                sizes[name] = 0
                yield Call("create", name)
            elif "O_TRUNC" in rest:
                sizes[name] = 0
                yield Call("truncate", name)
        elif call in _DATA:
            content = b"".join(strings)[: int(match["result"])]
            if call.startswith("pwrite"):
                offset = int(rest.rsplit(", ", 1)[1])
            else:
                offset = sizes.get(path, 0) if number in appends else places.get(number, 0)
                places[number] = offset + len(content)
            sizes[path] = max(sizes.get(path, 0), offset + len(content))
            yield Call("write", path, offset, content)
        elif call == "lseek":
            places[number] = int(match["result"])
        elif call in {"ftruncate", "truncate"}:
            name, size = path or names[0], int(rest.rsplit(", ", 1)[1])
            sizes[name] = size
            yield Call("truncate", name, size)
        elif call in {"fsync", "fdatasync"}:
            yield Call("sync", path)
        elif call.startswith("rename"):
            known.discard(names[0])
            known.add(names[1])
            sizes[names[1]] = sizes.pop(names[0], 0)
            yield Call("rename", names[0], other=names[1])
        elif call.startswith("link"):
            known.add(names[1])
            sizes[names[1]] = sizes.get(names[0], 0)
            yield Call("link", names[0], other=names[1])
        elif call.startswith("unlink"):
            known.discard(names[0])
            yield Call("unlink", names[0])
        elif call.startswith("mkdir"):
            yield Call("folder", names[0])


def _shown(text: str) -> str:
    if text.startswith("\\x"):
        return bytes.fromhex(text.replace("\\x", "")).decode(errors="replace")
    return text


@dataclass(eq=False)
class _File:
    content: bytearray = field(default_factory=bytearray)
    waiting: list[Call] = field(default_factory=list[Call])

    def sync(self) -> None:
        for call in self.waiting:
            _apply(self.content, call)
        self.waiting.clear()

    def torn(self, chance: random.Random) -> bytes:
        """What may be on the disk of it."""
        content = bytearray(self.content)
        share = chance.choice((0.0, 0.5, 0.9, 1.0))
        sector = chance.choice(SECTORS)
        for call in self.waiting:
            if call.kind == "truncate":
                if chance.random() < share:
                    _apply(content, call)
                continue
            end = call.offset + len(call.content)
            for start in range(call.offset - call.offset % sector, end, sector):
                if chance.random() < share:
                    begin, stop = max(start, call.offset), min(start + sector, end)
                    piece = call.content[begin - call.offset : stop - call.offset]
                    _apply(content, Call("write", call.path, begin, piece))
        return bytes(content)


def _apply(content: bytearray, call: Call) -> None:
    if call.kind == "truncate":
        del content[call.offset :]
    if len(content) < call.offset:
        content.extend(bytes(call.offset - len(content)))
    content[call.offset : call.offset + len(call.content)] = call.content


@dataclass
class Disk:
    """The disk below a folder, call by call. `names` are those that are surely there, `waiting` what may follow."""

    folder: str
    names: dict[str, _File | None] = field(default_factory=dict[str, "_File | None"])
    waiting: list[tuple[Call, _File | None]] = field(default_factory=list[tuple[Call, "_File | None"]])
    _now: dict[str, _File | None] = field(default_factory=dict[str, "_File | None"])

    def take(self, call: Call) -> None:
        """One more call."""
        if call.kind in {"write", "truncate"}:
            file = self._now.get(call.path)
            if file is not None:  # a file without a name any more is gone with the power
                file.waiting.append(call)
        elif call.kind == "sync":
            self._sync(call.path)
        elif call.kind != "said":
            file = _File() if call.kind == "create" else self._now.get(call.path)
            self.waiting.append((call, file))
            _rename(self._now, call, file)

    def _sync(self, path: str) -> None:
        file = self._now.get(path)
        if file is not None:
            file.sync()
            self._settle(lambda call, of: call.kind == "create" and of is file)
        else:
            self._settle(lambda call, _: path in {os.path.dirname(call.path), os.path.dirname(call.other)})

    def _settle(self, is_of: Callable[[Call, _File | None], bool]) -> None:
        last = max((place for place, (call, file) in enumerate(self.waiting, 1) if is_of(call, file)), default=0)
        for call, file in self.waiting[:last]:
            _rename(self.names, call, file)
        del self.waiting[:last]

    def cut(self, target: Path, chance: random.Random) -> None:
        """Writes what may be there if the power goes now into an empty folder."""
        names = dict(self.names)
        for call, file in self.waiting[: chance.randint(0, len(self.waiting))]:
            _rename(names, call, file)
        target.mkdir()
        for path, file in sorted(names.items()):
            place = target / os.path.relpath(path, self.folder)
            if not place.parent.is_dir():
                continue  # its folder's name did not come to the disk
            if file is None:
                place.mkdir(exist_ok=True)
            elif not path.endswith("-shm"):  # what is mapped is made anew
                place.write_bytes(file.torn(chance))


def _rename(names: dict[str, _File | None], call: Call, file: _File | None) -> None:
    if call.kind in {"create", "folder"}:
        names[call.path] = file
    elif call.kind == "unlink":
        names.pop(call.path, None)
    else:
        if call.kind == "rename":
            names.pop(call.path, None)
        names[call.other] = file
