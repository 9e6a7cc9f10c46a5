"""What is wrong with a command line that the parser refuses, in a sentence as all other refusals are."""

from __future__ import annotations

from difflib import get_close_matches

from cyclopts import App, CycloptsError
from cyclopts.exceptions import MissingArgumentError, UnusedCliTokensError


def sentence_of_misuse(error: CycloptsError, app: App) -> str:
    """What is wrong, and where it is said what there is."""
    chain = list(error.command_chain or ())
    more = f"{' '.join([*app.name, *chain])} --help says what there is."
    match error:
        case UnusedCliTokensError(unused_tokens=[word, *_]) if chain:
            return f'"{word}" is one word too many. {more}'
        case UnusedCliTokensError(unused_tokens=[word, *_]):
            names = [name for name in app if not name.startswith("-")]
            near = get_close_matches(word, names, n=3)
            hint = f"Nearest: {', '.join(near)}. " if near else ""
            return f'No command "{word}". {hint}{more}'
        case MissingArgumentError(argument=argument) if argument is not None:
            name = argument.name if argument.index is None else argument.name.lstrip("-").upper()
            return f"{name} is missing. {more}"
        case _:
            return f"{error} {more}"
