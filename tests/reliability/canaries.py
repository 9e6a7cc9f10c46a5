"""Thousands of planted words at once, by what they stand for, and one search for all of them in every form."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.acceptance.marks import forms_of, memory_of, unpack

_WORD = re.compile(rb"mark[0-9a-f]{20}")


class Canaries:
    """`kinds` names how many of each; words are letters and digits, so that no quoting changes them."""

    def __init__(self, kinds: Mapping[str, int]) -> None:
        self._words = {kind: [f"mark{secrets.token_hex(10)}" for _ in range(count)] for kind, count in kinds.items()}
        self._kind_of = {word: kind for kind, words in self._words.items() for word in words}

    def __getitem__(self, kind: str) -> list[str]:
        return self._words[kind]

    def __len__(self) -> int:
        return len(self._kind_of)

    def numbers(self, *kinds: str) -> dict[str, list[int]]:
        """The words as numbers: a program that makes them of these holds none of them."""
        return {kind: [int(word[4:], 16) for word in self._words[kind]] for kind in kinds}

    def kind_of(self, word: str) -> str:
        return self._kind_of[word]

    def search(self, folder: Path) -> Found:
        """Looks through names and contents of all files, also of what is stored compressed."""
        forms = {form: word for word in self._kind_of for form in forms_of(word)}
        with tempfile.TemporaryDirectory(prefix="unpacked-") as unpacked:
            unpack(folder, Path(unpacked))
            names = "\n".join(str(path.relative_to(folder)) for path in folder.rglob("*"))
            (Path(unpacked) / "names").write_text(names)
            return Found(self, [*_hits(folder, forms), *_hits(Path(unpacked), forms)])

    def search_memory(self, pid: int) -> set[str]:
        """Words as they are that stand in a process's memory now. Needs the right to read it."""
        found: set[str] = set()
        for content in memory_of(pid):
            found |= {hit.group().decode() for hit in _WORD.finditer(content)}
        return found & self._kind_of.keys()


class Found:
    """What a search found: (file, word) pairs."""

    def __init__(self, canaries: Canaries, hits: Iterable[tuple[str, str]]) -> None:
        self.places: dict[str, set[str]] = {}
        for file, word in hits:
            self.places.setdefault(word, set()).add(file)
        self.kinds = Counter(canaries.kind_of(word) for word in self.places)

    def of(self, *kinds: str) -> int:
        """How many words of these kinds."""
        return sum(self.kinds[kind] for kind in kinds)


def _hits(folder: Path, forms: Mapping[bytes, str]) -> Iterator[tuple[str, str]]:
    done = subprocess.run(
        ["grep", "-roaF", "-f", "-", "--", "."],
        input=b"\n".join(forms), cwd=folder, check=False, capture_output=True, timeout=600,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    # a file may go while it is looked for; anything else that could not be read is no proof
    problems = [line for line in done.stderr.splitlines() if b"No such file or directory" not in line]
    assert not problems, problems
    for line in done.stdout.splitlines():
        file, _, form = line.rpartition(b":")
        yield file.decode(errors="replace"), forms[form]
