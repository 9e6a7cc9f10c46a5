"""The process behind a browser tab: the terminal app, which leaves when the server that started it is gone."""

from __future__ import annotations

import os
import signal
import sys
from threading import Thread  # noqa: TID251 - there is no loop yet, and the signal must come also when it hangs

from dlthub_tui.cli.opening import open_app, parse_open_request


def main(words: list[str]) -> int:
    """`words`: the descriptor that is at its end when the server has gone, then what opens the app."""
    lifeline = int(words[0])
    os.set_inheritable(lifeline, False)
    Thread(target=_leave_after, args=(lifeline,), daemon=True).start()
    request = parse_open_request(words[1:])
    assert request is not None
    return open_app(request)


def _leave_after(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGHUP)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
