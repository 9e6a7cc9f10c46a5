"""Entry point: looks at argv and opens the terminal app before anything heavy is imported.

Words (`serve`, `admin`, …) go to the command framework; without one the terminal app opens. Without a terminal, any
option and an installation the main job runs headless instead, which shows the product anywhere.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence

from dlthub_tui.cli.exits import open_streams
from dlthub_tui.cli.opening import has_installation, has_terminal, open_on_terminal, parse_open_request


def main(words: Sequence[str] | None = None) -> None:
    """Runs `dlthub-tui` and leaves with its exit code."""
    # The interpreter would look at every object once more before it ends: 0.6 s where planes were imported.
    atexit.register(gc.freeze)
    _leave_out()
    open_streams()
    arguments = list(sys.argv[1:] if words is None else words)
    code = _run(arguments)
    from dlthub_tui.client.lookups import leave

    leave(code)


def _run(arguments: Sequence[str]) -> int:
    request = parse_open_request(arguments)
    if request is None:
        from dlthub_tui.cli.commands import run_command

        return run_command(arguments)
    # With an installation here it is the app that is meant, as in `ssh HOST dlthub-tui`, which asks for no terminal.
    if arguments or has_terminal() or has_installation():
        return open_on_terminal(request)
    from dlthub_tui.cli.headless import run_main_job

    return run_main_job(home=None)


def _leave_out() -> None:
    """httpx loads a command line of its own where it finds what that draws with: half of its imports, and 6 MB."""
    sys.modules.setdefault("httpx._main", None)  # pyright: ignore[reportArgumentType] - Python's way to say: not there


if __name__ == "__main__":
    main()
