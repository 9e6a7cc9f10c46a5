"""Shells complete names with blanks, colons and slashes, however they are quoted."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.tui.terminals import terminal

from dlthub_tui.cli.sharing import PLACES

SCRIPT_OF = {shell: Path(__file__).parents[4] / "share" / place for place, shell in PLACES.items() if shell is not None}
NAMES = ("my space: a/b/", "my space: a/b/odd.fails", "weather/", "we$ther/")
# What is typed, what is meant by it, and what bash puts behind the last cut that it made.
TYPED = [
    ("my\\ space:\\ a/b/odd", ["my space: a/b/odd.fails"], ["\\ a/b/odd.fails"]),
    ("'my space: a/b/odd", ["my space: a/b/odd.fails"], ["my space: a/b/odd.fails"]),
    ('"my space: a/b/odd', ["my space: a/b/odd.fails"], ["my space: a/b/odd.fails"]),
    ("we", ["weather/", "we$ther/"], ["weather/", "we\\$ther/"]),
    ('"we\\$', ["we$ther/"], ["we\\$ther/"]),
    ("--home=/nowhere -f we\\$", ["we$ther/"], ["we\\$ther/"]),
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A `dlthub-tui` that offers the names beginning with the last of its words."""
    program = tmp_path / "dlthub-tui"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nprint('\\x1fbegin')\n"
        f"for name in {NAMES!r}:\n    if name.startswith(sys.argv[-1]):\n        print(f'{{name}}\\tsaid')\n"
    )
    program.chmod(0o755)
    return {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}


def lines_of(environment: dict[str, str], name: str, option: str, code: str) -> list[str]:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed here")
    command = [program, option, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True, env=environment)
    return done.stdout.splitlines()


@pytest.mark.parametrize(("typed", "_meant", "offered"), TYPED)
def test_bash_goes_on_behind_its_last_cut(
    typed: str, _meant: list[str], offered: list[str], environment: dict[str, str]
) -> None:
    code = (
        f"source {SCRIPT_OF['bash']}; COMP_LINE={shlex.quote(f'dlthub-tui logs {typed}')}; "
        "COMP_POINT=${#COMP_LINE}; COMP_WORDBREAKS=$' \\t\\n\"\\'><=;|&(:'; _dlthub_tui_words; "
        'for one in "${COMPREPLY[@]}"; do echo "$one"; done'
    )

    assert lines_of(environment, "bash", "--norc", code) == offered


def test_bash_offers_folders_for_a_home(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a home").mkdir()
    (tmp_path / "a file").touch()
    for option in ("--home ", "--home="):
        code = (
            f"source {SCRIPT_OF['bash']}; COMP_LINE='dlthub-tui runs {option}~/a'; COMP_POINT=${{#COMP_LINE}}; "
            'COMP_WORDBREAKS=\' =:\'; _dlthub_tui_words; for one in "${COMPREPLY[@]}"; do echo "$one"; done'
        )

        assert lines_of(environment, "bash", "--norc", code) == ["~/a\\ home/"]


@pytest.mark.parametrize(("typed", "meant", "_offered"), TYPED)
def test_fish_offers_what_is_meant(
    typed: str, meant: list[str], _offered: list[str], environment: dict[str, str]
) -> None:
    code = f"source {SCRIPT_OF['fish']}; complete -C {shlex.quote(f'dlthub-tui logs {typed}')}"

    assert sorted(line.split("\t")[0] for line in lines_of(environment, "fish", "--no-config", code)) == sorted(meant)


def test_zsh_goes_on_behind_a_name_that_ends_in_a_slash(environment: dict[str, str], tmp_path: Path) -> None:
    """A blank behind it would end the word."""
    program = shutil.which("zsh")
    if program is None:
        pytest.skip("zsh is not installed here")
    start = f"import os; os.execv({program!r}, ['zsh', '-f', '-i'])"
    set_up = f"fpath=({SCRIPT_OF['zsh'].parent} $fpath); autoload -Uz compinit; compinit -u -D; unsetopt beep"
    with terminal(["-c", start], {**environment, "PS1": "$ ", "TERM": "xterm"}, size=(100, 24), folder=tmp_path) as zsh:
        zsh.press(f"{set_up}; echo set$((40 + 2))\r")
        zsh.until_text("set42")
        for typed, completed in (
            ("dlthub-tui logs my\\ sp", "logs my\\ space:\\ a/b/"),
            ("odd", "logs my\\ space:\\ a/b/odd.fails"),
            ("\x15dlthub-tui logs 'my space: a/b/odd", "logs 'my space: a/b/odd.fails'"),
        ):
            zsh.press(f"{typed}\t")
            zsh.until_text(completed)
