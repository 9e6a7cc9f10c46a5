"""Where the home is and what the connection asks for: values from the command line, else from the environment."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from dlthub_tui.paths import typed_path

HOME_VARIABLE = "DLTHUB_TUI_HOME"
URL_VARIABLE = "DLTHUB_TUI_URL"
KEY_VARIABLE = "DLTHUB_TUI_API_KEY"


def find_home(given: str | None, environment: Mapping[str, str] | None = None) -> Path:
    """`--home`, else DLTHUB_TUI_HOME, else the platform's folder for user data.

    Root's own folder is closed to other uids, and a platform that is root runs jobs as those: it lives in /var/lib.
    """
    values = os.environ if environment is None else environment
    chosen = given or values.get(HOME_VARIABLE)
    if chosen:
        return typed_path(chosen).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/dlthub-tui")
    from platformdirs import user_data_path

    return user_data_path("dlthub-tui")


def find_editor(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The command of the user's editor: VISUAL, EDITOR, else vi or nano where one is installed; else nothing.

    One whose quotes do not close is taken as it is: what is said of it then names it.
    """
    values = os.environ if environment is None else environment
    chosen = values.get("VISUAL") or values.get("EDITOR")
    if chosen:
        try:
            return tuple(shlex.split(chosen))
        except ValueError:
            return (chosen,)
    return next(((name,) for name in ("vi", "nano") if shutil.which(name, path=values.get("PATH"))), ())


def find_url(given: str | None, environment: Mapping[str, str] | None = None) -> str | None:
    """`--url`, else DLTHUB_TUI_URL: the control plane of another installation. None: the one of the home."""
    values = os.environ if environment is None else environment
    return given or values.get(URL_VARIABLE) or None


def find_key(environment: Mapping[str, str] | None = None) -> str | None:
    """DLTHUB_TUI_API_KEY: whom scripts speak for, instead of a stored sign-in. Never an argument: others read those.

    Without the line's end that a file has left on it, which no header can hold.
    """
    values = os.environ if environment is None else environment
    return values.get(KEY_VARIABLE, "").strip() or None


def is_sendable(key: str) -> bool:
    """Whether a header can hold it: no line's end in its middle, as where a key was broken over two lines."""
    return key.isascii() and key.isprintable() and " " not in key


def wants_colour(environment: Mapping[str, str] | None = None) -> bool:
    """Whether standard output is a terminal that shows colours, and nobody said NO_COLOR."""
    values = os.environ if environment is None else environment
    return sys.stdout.isatty() and not values.get("NO_COLOR") and values.get("TERM", "dumb") != "dumb"


def forget_odd_size(environment: MutableMapping[str, str] | None = None) -> None:
    """A size that is none counts as not told: shells within an editor or a container say COLUMNS=0."""
    values = os.environ if environment is None else environment
    for name in ("COLUMNS", "LINES"):
        if not values.get(name, "").lstrip("0").isdecimal():
            values.pop(name, None)


# What the terminal of this process says of itself, to programs that another one shows: that one is no pane of tmux.
OF_THIS_TERMINAL = ("TMUX", "STY", "SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "NO_COLOR", "COLUMNS", "LINES")


def terminal_environment(*, is_recorded: bool = False) -> dict[str, str]:
    """What a program that we play in a terminal of ours gets: this environment, and a terminal with all we draw.

    `is_recorded`: the recording is the same wherever it is made, since it is played elsewhere.
    """
    dropped = OF_THIS_TERMINAL if is_recorded else ()
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}


def shows_ascii_only(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the terminal lacks our signs: the Linux console's font has few, and not every locale takes UTF-8.

    Where no locale is named, as in most containers, terminals take it all the same.
    """
    values = os.environ if environment is None else environment
    locale = values.get("LC_ALL") or values.get("LC_CTYPE") or values.get("LANG") or "UTF-8"
    return values.get("TERM") == "linux" or "utf8" not in locale.lower().replace("-", "")


def shows_sixteen_only(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the terminal names no more colours: drawn with the nearest of its sixteen, ours would be greys."""
    values = os.environ if environment is None else environment
    if (chosen := values.get("TEXTUAL_COLOR_SYSTEM", "auto")) != "auto":
        return chosen == "standard"
    if values.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return False
    return values.get("TERM", "").lower().rpartition("-")[2] not in {"256color", "kitty"}


def cannot_be_drawn_on(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the terminal says that it only takes lines, as the shell in an editor does."""
    values = os.environ if environment is None else environment
    return values.get("TERM") in {"dumb", "unknown"}


def our_version() -> str:
    """The version of the installed package."""
    from importlib.metadata import version as installed_version  # 20 ms that the first frame need not wait for

    return installed_version("dlthub-tui")


def ways_to_notify(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Which sequences this terminal takes for a notification; one that takes both would show it twice."""
    values = os.environ if environment is None else environment
    name = values.get("TERM_PROGRAM", "").lower() or values.get("TERM", "").lower()
    if values.get("VTE_VERSION") or values.get("KONSOLE_VERSION") or name.startswith("rxvt"):
        return ("777",)
    return ("9",) if any(each in name for each in ("kitty", "ghostty", "foot", "wezterm", "iterm")) else ("9", "777")


def has_desktop(environment: Mapping[str, str] | None = None) -> bool:
    """Whether a browser can be opened on the screen that the terminal is on."""
    values = os.environ if environment is None else environment
    if is_remote_session(values):
        return False
    return sys.platform == "darwin" or "DISPLAY" in values or "WAYLAND_DISPLAY" in values


def is_remote_session(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the terminal is at the other end of an SSH connection: then fewer colours and repaints."""
    values = os.environ if environment is None else environment
    return "SSH_CONNECTION" in values or "SSH_TTY" in values
