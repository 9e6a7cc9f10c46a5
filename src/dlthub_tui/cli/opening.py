"""Opening the terminal app: which words ask for it, and what it is given."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dlthub_tui.embed.embedded import EmbeddedPlatform
    from dlthub_tui.viewmodel.options import Reach

_OTHER_HOME = "Choose another home: --home FOLDER."
_SWITCHES = {"--read-only": "read_only", "--ascii": "ascii", "--slow": "slow", "--calm": "calm"}


@dataclass(slots=True)
class OpenRequest:
    """How the terminal app was asked for."""

    home: str | None = None
    url: str | None = None
    read_only: bool = False
    ascii: bool = False
    slow: bool = False
    calm: bool = False
    link: str | None = None


def parse_open_request(words: Sequence[str]) -> OpenRequest | None:
    """What opens the app, or None when the words belong to the command framework."""
    request = OpenRequest()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in _SWITCHES:
            setattr(request, _SWITCHES[word], True)
        elif word == "--home" and rest and not rest[0].startswith("-"):
            request.home = rest.pop(0)
        elif word.startswith("--home="):
            request.home = word.removeprefix("--home=")
        else:
            return None
    return request


def has_terminal() -> bool:
    """Whether there is one to draw on and to read keys from."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def has_installation() -> bool:
    """Whether this user has one, running or not."""
    from dlthub_tui.settings import find_home

    return os.access(find_home(None) / "owner.key", os.F_OK)


def open_on_terminal(request: OpenRequest) -> int:
    """Opens the terminal app where there is a terminal, else says so; returns the exit code."""
    from dlthub_tui.settings import cannot_be_drawn_on, is_remote_session

    if has_terminal() and not cannot_be_drawn_on():
        return open_app(request)
    from dlthub_tui.cli.exits import WRONG_USAGE, say_error

    if has_terminal():
        say_error(
            "This terminal says that it takes lines only (its TERM is dumb or unknown). "
            "dlthub-tui --help lists what needs no more."
        )
        return WRONG_USAGE
    way = " Over SSH: ssh -t HOST dlthub-tui." if is_remote_session() else ""
    say_error(f"The app needs a terminal for its input and its output.{way} dlthub-tui --help lists what needs none.")
    return WRONG_USAGE


def open_app(request: OpenRequest) -> int:
    """Opens the terminal app; returns its exit code."""
    # Most of what is there at the first frame stays: nothing is looked for that could go, until it is painted.
    gc.disable()
    from dlthub_tui.app import AppOptions, run
    from dlthub_tui.embed.embedded import EmbeddedPlatform
    from dlthub_tui.settings import (
        find_home,
        has_desktop,
        is_remote_session,
        our_version,
        shows_ascii_only,
        shows_sixteen_only,
    )

    home = find_home(request.home)
    why_not = why_closed(home)
    if why_not is not None:
        from dlthub_tui.cli.exits import FAILED, say_error

        say_error(why_not)
        return FAILED
    platform = None if request.url else EmbeddedPlatform(home, our_version)
    failed: list[str] = []
    code = run(
        AppOptions(
            home=str(home),
            url=request.url,
            read_only=request.read_only,
            ascii=request.ascii,
            slow=request.slow,
            is_remote=is_remote_session(),
            shows_ascii_only=shows_ascii_only(),
            shows_sixteen_only=shows_sixteen_only(),
            calm=request.calm,
            platform=platform,
            opens_browser=has_desktop(),
            reach=reach_of(home, request.url),
            link=request.link,
        ),
        failed.append,
    )
    if failed:
        _say_failed(failed[0], platform)
    if platform is not None and platform.failure is not None:
        from dlthub_tui.cli.exits import FAILED, say_error

        say_error(platform.failure)
        return FAILED
    return code


def why_closed(home: Path) -> str | None:
    """Why no app of this user opens in that home; None when it does, or makes it."""
    try:
        (home / "client").stat()
        if not os.access(home / "client", os.R_OK | os.X_OK):
            raise PermissionError
    except FileNotFoundError:
        there = next(folder for folder in (home, *home.parents) if folder.exists())
        takes = os.access(there, os.W_OK | os.X_OK)
        return None if takes else f"Nothing can be made in {there}. {_OTHER_HOME}"
    except NotADirectoryError:
        return f"{home} is no folder. {_OTHER_HOME}"
    except PermissionError:
        above = next((folder for folder in reversed(home.parents) if not os.access(folder, os.X_OK)), None)
        if above is not None:
            return f"{above} is closed to you, and {home} lies in it. {_OTHER_HOME}"
        return (
            f"{home} is another user's, and opens for that user alone. Choose a home of your own: --home FOLDER. "
            "A platform that runs there opens over the network: dlthub-tui connect URL."
        )
    return None


def reach_of(home: Path, url: str | None) -> Reach:
    """What any shell of this machine is told, whatever its environment says."""
    from dlthub_tui.settings import find_home
    from dlthub_tui.viewmodel.options import Reach

    return Reach(None if home == find_home(None, {}) else str(home), url)


def _say_failed(where: str, platform: EmbeddedPlatform | None) -> None:
    """What the app failed at, and what became of its platform: with runs it goes on, as when a terminal is lost."""
    import anyio

    from dlthub_tui.cli.exits import say_error

    became = "The platform goes on."
    if platform is not None and platform.is_running_here:
        anyio.run(_leave, platform)
        if platform.successor is None:
            became = "The platform stopped with it and starts with the next dlthub-tui."
    say_error(f"Something here failed: {where}. {became}")


async def _leave(platform: EmbeddedPlatform) -> None:
    await platform.leave(keep_running=await platform.active_runs() > 0)
