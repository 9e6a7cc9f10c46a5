"""What is said to the terminal itself: its title, its progress, and notifications of its desktop.

Texts pass the display guard: nothing of theirs can end a sequence or begin another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dlthub_tui.viewmodel.text import guard

KEEP_TITLE, TITLE_BACK = "\x1b[22;2t", "\x1b[23;2t"
PROGRESS, NO_PROGRESS = "\x1b]9;4;3\x07", "\x1b]9;4;0\x07"
ESCAPE = "\x1b"
_MOST = 200


def title(crumbs: Sequence[str], separator: str, *, runs: bool) -> str:
    """The sequence that sets the title: where one is, and that something runs there."""
    said = f" {separator} ".join(guard(crumb) for crumb in crumbs)
    return f"\x1b]2;{('* ' if runs else '') + said[:_MOST]}\x07"


def notification(text: str, ways: Collection[str] = ("9", "777"), *, in_tmux: bool = False) -> str:
    """What terminals take for a notification: OSC 9, or OSC 777. No bell.

    tmux takes neither; where its user lets programs through (`allow-passthrough on`) it hands them to its terminal.
    """
    said = guard(text)[:_MOST].replace(";", ",")
    codes = {"9": f"\x1b]9;{said}\x07", "777": f"\x1b]777;notify;dlthub-tui;{said}\x07"}
    found = "".join(codes[way] for way in ways)
    return f"\x1bPtmux;{found.replace(ESCAPE, ESCAPE * 2)}{ESCAPE}\\" if in_tmux else found
