"""The workspace that `doctor --residency` plants: words that must stay in their region, wherever users put words."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

PROFILE = "prod"
SECRET_VARIABLE = "PROOF__TOKEN"  # noqa: S105 - a name
JOBS = {"jobs.proof.prints": "completed", "jobs.proof.fails": "failed"}
"""Job → how its run must end."""


def new_stem() -> str:
    """What all words of one proof begin with: random, so a search for it finds little else, whatever their number."""
    return f"mark{secrets.token_hex(6)}"


@dataclass(frozen=True, slots=True)
class Planted:
    """Two random words of letters and digits: one for all that belongs to the region, one for a secret."""

    word: str
    secret: str

    @classmethod
    def of(cls, stem: str) -> Planted:
        """Two words of a proof."""
        return cls(*(stem + secrets.token_hex(6) for _ in range(2)))

    @property
    def plain_variable(self) -> tuple[str, str]:
        """Name and value of a variable that is no secret."""
        return f"PROOF__{self.word.upper()}", f"{self.word}variable"


def write_workspace(folder: Path, planted: Planted) -> int:
    """Writes the workspace's files; how many words were planted in them, without those of its output."""
    word = planted.word
    files = {
        "requirements.txt": "dlt\n",
        "__deployment__.py": '"""Planted by dlthub-tui doctor --residency."""\n\nfrom proof import fails, prints\n\n'
        '__all__ = ["fails", "prints"]\n',
        "proof.py": _code(word),
        f"helper_{word}.py": f'"""{word}docstring"""\n# {word}comment\nCONSTANT = "{word}constant"\n',
        f"folder_{word}/data.csv": f"a,b\n{word}cell,2\n",
        f".dlt/{PROFILE}.config.toml": f'[sources.{word}section]\nvalue = "{word}toml"\n',
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sum(name.count(word) + text.count(word) for name, text in files.items())


def _code(word: str) -> str:
    # Each word of the output is put together by the code, so that finding it is finding the output.
    half = len(word) // 2
    start, end = word[:half], word[half:]
    return f"""import os
import sys

import dlt.hub.run as run

__all__ = ["fails", "prints"]

WORD = "".join(("{start}", "{end}"))


@run.job
def prints():
    token = os.environ["{SECRET_VARIABLE}"]
    print(WORD + "stdout", flush=True)
    print(WORD + "stderr", file=sys.stderr, flush=True)
    print("Authorization: Bearer " + token, repr(token), token.encode().hex(), flush=True)
    return run.result({{"value": WORD + "result", "token": token}})


@run.job
def fails():
    raise ValueError(WORD + "exception " + os.environ["{SECRET_VARIABLE}"])
"""
