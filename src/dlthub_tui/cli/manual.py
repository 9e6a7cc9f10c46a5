"""The manual page, read from the parser."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

from cyclopts import App
from cyclopts.argument import Argument

NAME = "dlthub-tui"
_BACK_MATTER = """\
.SH NAMES
A job or a run is named as a link of the terminal app is:
.IR ORGANIZATION / WORKSPACE / JOB / NUMBER .
The organization may be left out where only one has such a workspace, and a job's last word is enough where only one
job has it. A name that fits several things is refused with a list of them;
an id stands there for a workspace whose name another one has too.
.SH EXIT STATUS
.TP
.B 0
Done; with
.BR "run -f" " and " "logs -f" ,
the run completed.
.TP
.B 1
The work failed: the run did not complete, was not started, or had ended before it could be stopped.
.TP
.B 2
Wrong usage: unknown options, and names that nothing or several things have.
.TP
.B 3
Not reachable: no platform runs there.
.TP
.B 4
Not allowed: nobody is signed in, or the role does not allow it.
.PP
Ctrl+C and a closed pipe end a command by their signal. A run that was being followed goes on.
.SH ENVIRONMENT
.TP
.B DLTHUB_TUI_HOME
The platform's folder.
.TP
.B DLTHUB_TUI_URL
The control plane of another installation, as
.BR --url .
.TP
.B DLTHUB_TUI_API_KEY
A key that one-line commands use instead of the stored sign-in.
.TP
.B NO_COLOR
No colours, also on a terminal.
.SH SEE ALSO
.BR dlt (1)
"""


def render_manual(app: App, version: str) -> str:
    """The manual page, in roff."""
    lines = [
        f'.TH DLTHUB-TUI 1 "" "dlthub-tui {_escaped(version)}" "dlthub-tui"',
        ".SH NAME",
        f"dlthub-tui \\- {_escaped(_sentences(app)[0][0].lower() + _sentences(app)[0][1:].split('. ')[0].rstrip('.'))}",
        ".SH SYNOPSIS",
        ".B dlthub-tui",
        "[\\fIOPTIONS\\fR]",
        ".br",
        ".B dlthub-tui",
        "\\fICOMMAND\\fR [\\fIOPTIONS\\fR]",
        ".SH DESCRIPTION",
        *(_escaped(line) for line in _sentences(app)),
        ".SH OPTIONS",
        *_options(app),
        ".SH COMMANDS",
        *_commands(app, ()),
    ]
    return "\n".join(lines) + "\n" + _BACK_MATTER


def _commands(app: App, above: tuple[str, ...]) -> Iterator[str]:
    for name in app:
        if name.startswith("-"):
            continue
        command, words = app[name], (*above, name)
        if command.default_command is None:
            yield from _commands(command, words)
            continue
        arguments = [_signature(argument, is_positional=True) for argument in _arguments(command, positional=True)]
        yield f".SS {' '.join((*words, *arguments, '[OPTIONS]'))}"
        for line in _sentences(command):
            yield _escaped(line) if line else ".PP"
        yield from _options(command)


def _options(app: App) -> Iterator[str]:
    for is_positional in (True, False):
        for argument in _arguments(app, positional=is_positional):
            yield ".TP"
            yield _signature(argument, is_positional=is_positional)
            yield _escaped(_said(argument))


def _arguments(app: App, *, positional: bool) -> list[Argument]:
    found = app.assemble_argument_collection(parse_docstring=True)
    return [argument for argument in found if argument.show and (argument.index is not None) == positional]


def _signature(argument: Argument, *, is_positional: bool) -> str:
    if is_positional:
        return f"\\fI{_escaped(argument.names[0].removeprefix('--').upper())}\\fR"
    names = ", ".join(f"\\fB{_escaped(name)}\\fR" for name in argument.names if not name.startswith("--no-"))
    return names if argument.hint is bool else f"{names} \\fI{_escaped(argument.names[0].lstrip('-').upper())}\\fR"


def _said(argument: Argument) -> str:
    said = " ".join((argument.parameter.help or "").split())
    choices = argument.get_choices()
    if choices:
        said = f"{said} One of {', '.join(choices)}.".strip()
    default = argument.field_info.default
    if isinstance(default, str | int) and not isinstance(default, bool):
        said = f"{said} Default: {default}.".strip()
    return said


def _sentences(app: App) -> list[str]:
    """The lines of what a command's description says before its parameters."""
    text = cleandoc(app.help)
    return text.partition("\nParameters\n---")[0].strip().split("\n")


def _escaped(text: str) -> str:
    """Text in roff: no line is taken for a request, and hyphens stay what they are."""
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    safe = "".join(sign if sign.isascii() else f"\\[u{ord(sign):04X}]" for sign in safe)
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe
