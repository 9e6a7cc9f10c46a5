"""A text in the user's own editor, while the terminal is the editor's."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from textual.app import SuspendNotSupported

from dlthub_tui.client.errors import NotAllowed, NotSignedIn, Refused
from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.screens.frame.sheets import ConfirmSheet
from dlthub_tui.viewmodel.edited_files import BadFile
from dlthub_tui.viewmodel.text import Role, guard

Change = tuple[ConfirmSheet, Callable[[], Coroutine[Any, Any, object]]]


def edited(screen: ActingScreen[None], text: str, name: str) -> str | None:
    """The text after the editor ended; None, and the screen says why, where there was no editing.

    The file lies in a folder closed to others, and is gone afterwards. Takes the terminal, and the loop with it.
    """
    command = screen.context.editor
    if not command:
        screen.say("No editor: set EDITOR, or VISUAL.", Role.WARN)
        return None
    with TemporaryDirectory(prefix="dlthub-tui-") as folder:
        path = Path(folder) / name
        path.write_text(text, encoding="utf-8")
        try:
            with screen.host.suspend():
                status = _run([*command, str(path)])
        except SuspendNotSupported:
            screen.say("This terminal cannot be given to an editor.", Role.WARN)
            return None
        why, after = f"ended with {status}", ""
        if isinstance(status, OSError):
            why = f"cannot be used: {status.strerror}"
        elif not status:
            why, after = _read(path)
    if why:
        screen.say(f"{guard(command[0])} {why}. Nothing changed.", Role.WARN)
        return None
    return after


def edit(screen: ActingScreen[None], text: str, name: str, read: Callable[[str], Change | None]) -> ConfirmSheet | None:
    """The question to open after the editor ended; None where nothing is to be done.

    `read` answers what is asked about an edited text, and what then changes; it raises BadFile for one that says
    nothing. What it or a plane refuses can be edited on: nobody writes it twice.
    """
    after = edited(screen, text, name)
    if after is None:
        return None

    def again(why: str) -> ConfirmSheet:
        more = (guard(why), "Nothing changed. What you wrote is lost when you leave it.")
        sheet = ConfirmSheet(screen.context, f"{name} cannot be used as it is", "edit it again", more)

        async def go_on(_yes: bool) -> ConfirmSheet | None:
            return edit(screen, after, name, read)

        return sheet.acting(screen, go_on)

    try:
        change = read(after)
    except BadFile as exc:
        return again(str(exc))
    if change is None:
        return None
    sheet, act = change

    async def send(_yes: bool) -> object:
        try:
            return await act()
        except (NotSignedIn, NotAllowed):
            raise
        except Refused as exc:
            return again(exc.what)

    return sheet.acting(screen, send)


def _read(path: Path) -> tuple[str, str]:
    """What an editor did instead of writing a text, and the text."""
    try:
        return "", path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return "wrote no text in UTF-8", ""
    except FileNotFoundError:
        return "left no file", ""
    except OSError as exc:
        return f"left a file that cannot be read: {exc.strerror}", ""


def _run(command: list[str]) -> int | OSError:
    """The editor's exit code, or why there is none: whatever is raised while the terminal is not ours keeps it so.

    ctrl+c is the editor's: the terminal sends it to us as well.
    """
    before = signal.signal(signal.SIGINT, _nothing)
    try:
        return subprocess.run(command, check=False).returncode
    except OSError as exc:
        return exc
    finally:
        signal.signal(signal.SIGINT, before)


def _nothing(number: int, frame: object) -> None:
    """A handler, not SIG_IGN: that the editor would inherit."""
