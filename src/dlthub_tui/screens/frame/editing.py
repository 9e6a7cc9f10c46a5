"""A text in the user's own editor, while the terminal is the editor's."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from textual.app import SuspendNotSupported

from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.viewmodel.text import Role


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
                status = subprocess.run([*command, str(path)], check=False).returncode
            after = path.read_text(encoding="utf-8")
        except SuspendNotSupported:
            screen.say("This terminal cannot be given to an editor.", Role.WARN)
            return None
        except (OSError, UnicodeDecodeError) as exc:
            screen.say(f"{command[0]} cannot be used: {exc}. Nothing changed.", Role.FAIL)
            return None
    if status:
        screen.say(f"{command[0]} ended with {status}. Nothing changed.", Role.WARN)
        return None
    return after
