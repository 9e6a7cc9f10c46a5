"""Which commands and flags of the released command line the tests use, read from their sources.

A use is a literal list of words: `desk.run("job", "logs", "slow", "-f")`, or a tuple of words that such a call is given
by `*words`. What is no literal stands for one word.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CALLERS = frozenset({"run", "run_in_pty", "started", "said", "serving", "ask"})
UNKNOWN = "\0"
"""A word that only the running test knows."""

TREE = """
import argparse, json
from dlt._workspace.cli._dlt import _create_parser

def described(parser):
    options, places = {}, []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            continue
        if action.option_strings:
            options["/".join(action.option_strings)] = action.nargs != 0
        else:
            places.append(action.dest)
    return {"options": options, "places": places}

def walk(parser, path):
    tree[" ".join(path)] = described(parser)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                walk(inner, [*path, name])

tree = {}
walk(_create_parser("dlthub")[0], [])
print(json.dumps(tree))
"""
"""Run in the client's interpreter, in a workspace folder: prints its commands with what each takes."""


@dataclass(frozen=True, slots=True)
class Command:
    """`options`: spellings, joined by `/`, and whether a value follows. `places`: names of its plain words."""

    options: Mapping[str, bool]
    places: Sequence[str]


Tree = Mapping[str, Command]
Use = tuple[str, str]
"""A command's words, and one of its options or places; the place is empty for the command itself."""


def parse_tree(document: Mapping[str, Any]) -> Tree:
    """What the program `TREE` printed."""
    return {words: Command(found["options"], found["places"]) for words, found in document.items()}


def everything(tree: Tree) -> set[Use]:
    """Each command with each thing that it takes."""
    return {
        (words, taken) for words, command in tree.items() for taken in ("", *command.options, *command.places)
    }  # fmt: skip


def uses_of(tree: Tree, words: Sequence[str]) -> set[Use]:
    """What one list of words uses. Words before the first that the tree knows are left out."""
    found: set[Use] = set()
    at, places, rest = "", 0, list(words)
    while rest:
        word = rest.pop(0)
        inner = f"{at} {word}".strip()
        if inner in tree:
            at, places = inner, 0
            found.add((at, ""))
        elif word.startswith("-"):
            spelled, _, value = word.partition("=")
            option = _option(tree, at, spelled)
            if option is not None:
                found.add(option)
                if tree[option[0]].options[option[1]] and not value and rest:
                    rest.pop(0)
        elif at and places < len(tree[at].places):
            found.add((at, tree[at].places[places]))
            # the last place may take several words
            places = min(places + 1, len(tree[at].places) - 1) if tree[at].places[places] == "selectors" else places + 1
    return found


def _option(tree: Tree, at: str, spelled: str) -> Use | None:
    """Of the command, or one that may stand anywhere."""
    for words in (at, ""):
        for option in tree[words].options:
            if spelled in option.split("/"):
                return words, option
    return None


def invocations(source: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(test, words) of everything in a file that may be a command; helpers and fixtures count as tests do."""
    module = ast.parse(source.read_text())
    shared = [words for node in module.body if isinstance(node, ast.Assign) for words in _literals(node)]
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            known = [*shared, *_literals(node)]
            for words in (*known, *_calls(node, known)):
                yield f"{source.name}::{node.name}", words


def _literals(node: ast.AST) -> list[tuple[str, ...]]:
    """Tuples and lists that hold words; what is spread into them may be any other of these."""
    parts = [
        inner.elts
        for inner in ast.walk(node)
        if isinstance(inner, ast.Tuple | ast.List) and any(isinstance(one, ast.Constant) for one in inner.elts)
    ]
    plain = [words for part in parts if not _has_spread(part) for words in _spread(part, [])]
    return [*plain, *(words for part in parts if _has_spread(part) for words in _spread(part, plain))]


def _has_spread(parts: Sequence[ast.expr]) -> bool:
    return any(isinstance(part, ast.Starred) for part in parts)


def _calls(node: ast.AST, known: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    for inner in ast.walk(node):
        if not isinstance(inner, ast.Call):
            continue
        name = inner.func.attr if isinstance(inner.func, ast.Attribute) else getattr(inner.func, "id", "")
        if name in CALLERS:
            yield from _spread(inner.args, known)


def _spread(parts: Sequence[ast.expr], known: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The words of these expressions; one list for each tuple that a starred name may stand for."""
    lists: list[tuple[str, ...]] = [()]
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            lists = [(*words, part.value) for words in lists]
        elif isinstance(part, ast.List | ast.Tuple):
            lists = [(*words, *more) for words in lists for more in _spread(part.elts, known)]
        elif isinstance(part, ast.Starred):
            lists = [(*words, *more) for words in lists for more in (known or [()])]
        else:
            lists = [(*words, UNKNOWN) for words in lists]
    return lists
