"""`dlthub-tui example`: a workspace to begin with, in a folder of one's own."""

from __future__ import annotations

import shutil
from pathlib import Path

from dlthub_tui.cli import exits
from dlthub_tui.paths import example_folder
from planes.wire.shell_words import quoted

# What jobs and the client leave in a folder where they worked.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".venv", "data", "state", ".var", "*.duckdb")


def write_example(folder: Path, *, as_json: bool) -> int:
    """Copies the example there and says what to do with it; returns the exit code. What is there already stays."""
    try:
        shutil.copytree(example_folder(), folder, ignore=_LEFT_OUT, copy_function=shutil.copyfile)
    except FileExistsError:
        exits.say_error(f"{folder} is there already. dlthub-tui example FOLDER takes a name that is free.")
        return exits.FAILED
    except OSError as exc:
        is_partly = isinstance(exc, shutil.Error)  # whose words are a list of every file
        exits.say_error(f"{folder} cannot be written whole." if is_partly else exits.words_of(exc))
        return exits.FAILED
    exits.say_result(
        {"folder": str(folder.absolute())},
        as_json=as_json,
        sentence=f"{folder} is a workspace with five jobs; its README.md says what each one shows.",
        advice=f"In the app: d, and this folder. With the client: cd {quoted(str(folder))}, "
        "then dlthub workspace connect, then dlthub deploy.",
    )
    return exits.DONE
