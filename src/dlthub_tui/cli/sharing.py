"""What lies in a `share` folder beside the program: `python -m dlthub_tui.cli.sharing share` writes it anew.

It lies in `share/` of the repository and goes into the wheel, where `man` and shells look.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dlthub_tui.cli.commands import app
from dlthub_tui.cli.manual import render_manual
from dlthub_tui.cli.shells import Shell, render_completion
from dlthub_tui.settings import our_version

PLACES: dict[str, Shell | None] = {
    "man/man1/dlthub-tui.1": None,
    "bash-completion/completions/dlthub-tui": "bash",
    "zsh/site-functions/_cyclopts_dlthub-tui": "zsh",
    "fish/vendor_completions.d/dlthub-tui.fish": "fish",
}
"""Where each file lies below a `share` folder. zsh loads a function from the file of its name."""


def shared_files() -> dict[str, str]:
    """Place below `share` → what the file says."""
    return {
        place: render_manual(app, our_version()) if shell is None else render_completion(app, shell)
        for place, shell in PLACES.items()
    }


def write_share(folder: Path) -> None:
    """Writes every file below a `share` folder."""
    for place, text in shared_files().items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_share(Path(sys.argv[1]))
