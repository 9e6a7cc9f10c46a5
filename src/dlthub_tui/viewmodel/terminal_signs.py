"""What is said to the terminal itself: its title, its progress, and notifications of its desktop.

Texts pass the display guard: nothing of theirs can end a sequence or begin another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dlthub_tui.viewmodel.text import guard

KEEP_TITLE, TITLE_BACK = "\x1b[22;2t", "\x1b[23;2t"
_PROGRESS, _NO_PROGRESS = "\x1b]9;4;3\x07", "\x1b]9;4;0\x07"
ESCAPE = "\x1b"
_MOST = 200


def title(crumbs: Sequence[str], separator: str, *, runs: bool) -> str:
    """The sequence that sets the title: where one is, and that something runs there."""
    said = f" {separator} ".join(guard(crumb) for crumb in crumbs)
    return f"\x1b]2;{('* ' if runs else '') + said[:_MOST]}\x07"


def progress(*, runs: bool, in_tmux: bool = False) -> str:
    """That something runs, without saying how much of it is done, or that nothing does: OSC 9;4."""
    return _to_terminal(_PROGRESS if runs else _NO_PROGRESS, in_tmux=in_tmux)


def notification(text: str, ways: Collection[str] = ("9", "777"), *, in_tmux: bool = False) -> str:
    """What terminals take for a notification: OSC 9, or OSC 777. No bell."""
    said = guard(text)[:_MOST].replace(";", ",")
    codes = {"9": f"\x1b]9;{said}\x07", "777": f"\x1b]777;notify;dlthub-tui;{said}\x07"}
    return _to_terminal("".join(codes[way] for way in ways), in_tmux=in_tmux)


def _to_terminal(sequences: str, *, in_tmux: bool) -> str:
    """tmux takes none of them; where its user lets programs through (`allow-passthrough`) its terminal gets them.

    With `on` from the window that is shown, with `all` from every one.
    """
    return f"\x1bPtmux;{sequences.replace(ESCAPE, ESCAPE * 2)}{ESCAPE}\\" if in_tmux else sequences
