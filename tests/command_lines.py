"""Whether a command line that the app shows is one: its command and each of its options are there."""

from __future__ import annotations

import shlex

from dlthub_tui.cli.commands import app

# The client's commands with how many words follow and their options: CONTRACT 8.2. It is not installed here.
_OF_THE_CLIENT: dict[str, tuple[int, frozenset[str]]] = {
    "deploy": (0, frozenset()),
    "workspace deployment list": (0, frozenset()),
    "variable list": (0, frozenset({"--profile", "--workspace"})),
    "variable set": (1, frozenset({"--value", "--plain", "--secret", "--profile", "--workspace"})),
    "pipeline show": (1, frozenset()),
    "job pause": (1, frozenset()),
    "job resume": (1, frozenset()),
    "job publish": (1, frozenset({"--cancel"})),
    "job unpublish": (1, frozenset()),
}
_WITH_A_VALUE = frozenset({"--profile", "--value"})


def check_command_line(line: str) -> None:
    """Raises: an error of the parser, or AssertionError."""
    words = shlex.split(line)
    if words[0] == "cd":
        assert words[2] == "&&", line
        words = words[3:]
    if words[0] == "dlthub":
        _check_line_of_the_client(words[1:], line)
        return
    assert words[0] == "dlthub-tui", line
    command, _, _ = app.parse_args(words[1:], exit_on_error=False, print_error=False)
    assert command is not app.default_command, line


def _check_line_of_the_client(words: list[str], line: str) -> None:
    command = next((each for each in _OF_THE_CLIENT if words[: len(each.split())] == each.split()), None)
    assert command is not None, line
    count, options = _OF_THE_CLIENT[command]
    rest = words[len(command.split()) :]
    plain: list[str] = []
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            plain.append(word)
            continue
        assert word in options, line
        if word in _WITH_A_VALUE:
            rest.pop(0)
    assert len(plain) == count, line
