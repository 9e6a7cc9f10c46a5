"""Entry point: looks at argv and opens the terminal app before anything heavy is imported.

Words (`serve`, `admin`, …) go to the command framework; without one the terminal app opens. Without a terminal the main
job runs headless instead, so that `make run` shows the product anywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

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


def main(words: Sequence[str] | None = None) -> None:
    """Runs `dlthub-tui` and leaves with its exit code."""
    arguments = list(sys.argv[1:] if words is None else words)
    request = parse_open_request(arguments)
    if request is None:
        from dlthub_tui.cli.commands import run_command

        sys.exit(run_command(arguments))
    if sys.stdin.isatty() and sys.stdout.isatty():
        sys.exit(open_app(request))
    from dlthub_tui.cli.headless import run_main_job

    sys.exit(run_main_job(home=None))


def open_app(request: OpenRequest) -> int:
    """Opens the terminal app; returns its exit code."""
    from dlthub_tui.app import AppOptions, run
    from dlthub_tui.embed.embedded import EmbeddedPlatform
    from dlthub_tui.settings import find_home, is_remote_session, our_version

    home = find_home(request.home)
    slow = request.slow or is_remote_session()
    return run(
        AppOptions(
            home=str(home),
            url=request.url,
            read_only=request.read_only,
            ascii=request.ascii,
            slow=slow,
            calm=request.calm or slow,
            platform=None if request.url else EmbeddedPlatform(home, our_version()),
        )
    )


if __name__ == "__main__":
    main()
