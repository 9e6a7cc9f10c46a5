"""The manual page and the completions say what the parser says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from dlthub_tui.cli.commands import app
from dlthub_tui.cli.manual import render_manual
from dlthub_tui.cli.sharing import PLACES, shared_files

SHARE = Path(__file__).parents[4] / "share"


def commands(above: App, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], App]]:
    for name in above:
        if not name.startswith("-"):
            yield (*words, name), above[name]
            yield from commands(above[name], (*words, name))


@pytest.mark.parametrize("place", PLACES)
def test_what_is_shipped_is_what_the_parser_says(place: str) -> None:
    text = (SHARE / place).read_text(encoding="utf-8")

    assert text == shared_files()[place], "write them anew: python -m dlthub_tui.cli.sharing share"


@pytest.mark.parametrize(("group", "named"), [((), "run"), (("admin", "user"), "list")], ids=["all", "a group"])
def test_help_says_what_each_command_does(group: tuple[str, ...], named: str) -> None:
    """In a process of its own: here others have loaded them."""
    words = [*group, "--help"]
    code = f"import sys; from dlthub_tui.cli.commands import run_command; sys.exit(run_command({words}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=240)
    listed = done.stdout.split("Commands", 1)[1].split("╰", 1)[0]
    silent = [row for row in listed.splitlines()[1:] if len(row.strip("│ ").split()) == 1]

    assert named in listed
    assert silent == []


def test_share_holds_nothing_else() -> None:
    found = {str(path.relative_to(SHARE)) for path in SHARE.rglob("*") if path.is_file()}

    assert found == set(PLACES)


def test_the_manual_names_every_command_and_says_what_each_option_does() -> None:
    page = render_manual(app, "1.0")

    for words, command in commands(app):
        if command.default_command is None:
            continue
        assert f".SS {' '.join(words)}" in page, words
        for argument in command.assemble_argument_collection(parse_docstring=True):
            assert (argument.parameter.help or "").strip(), (*words, argument.names[0])


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed here")
def test_man_reads_the_page_without_a_warning() -> None:
    done = subprocess.run(
        ["man", "--warnings", "-l", str(SHARE / "man/man1/dlthub-tui.1")],
        capture_output=True, text=True, timeout=240, check=True,
        env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LANG": "C.UTF-8"},
    )  # fmt: skip

    assert done.stderr == ""
    assert "run JOB [OPTIONS]" in done.stdout
    assert "EXIT STATUS" in done.stdout
