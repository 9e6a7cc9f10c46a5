"""What is wrong with a command line that the parser or a plane refuses, in a sentence as all other refusals are."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Literal, get_args, get_origin

from cyclopts import App, CoercionError, CycloptsError
from cyclopts.exceptions import MissingArgumentError, UnknownCommandError, UnusedCliTokensError

from dlthub_tui.client.errors import in_words

# What the fields of requests are called where they are typed.
_TYPED = {"dataplane_id": "REGION", "expires_in_days": "DAYS", "owner_email": "OWNER"}
# What a pattern means, which is for programs.
_FORMS = {"dataplane_id": "must be letters and up to three digits, such as eu1"}
_KINDS: dict[object, str] = {int: "a whole number", float: "a number", bool: "no value"}
_PREDICATES = ("must ", "is ", "holds ")


def sentence_of_fields(reasons: Sequence[str]) -> str | None:
    """What a plane says of fields (`key: message`), each with what was typed as its subject.

    None when one of them is no statement about its field.
    """
    said: list[str] = []
    for reason in reasons:
        key, _, message = reason.partition(": ")
        field = key.rpartition(".")[2]
        is_form = "should match pattern" in message
        message = _FORMS.get(field, in_words(message)) if is_form else in_words(message)
        if not message.startswith(_PREDICATES):
            return None
        said.append(f"{_TYPED.get(field, field.upper())} {message}.")
    return " ".join(said) or None


def sentence_of_misuse(error: CycloptsError, app: App) -> str:
    """What is wrong, and where it is said what there is."""
    chain = list(error.command_chain or ())
    more = f"{' '.join([*app.name, *chain])} --help says what there is."
    if not chain and (behind := _command_behind(error.root_input_tokens or (), app)):
        return f"The options of {behind} stand behind it: {' '.join([*app.name, behind])} --help says which."
    match error:
        case UnusedCliTokensError(unused_tokens=[word, *_]) if chain:
            return f'"{word}" is one word too many. {more}'
        case UnusedCliTokensError(unused_tokens=[word, *_]) | UnknownCommandError(unused_tokens=[word, *_]):
            group = app
            for name in chain:
                group = group[name]
            names = [name for name in group if not name.startswith("-")]
            near = get_close_matches(word, names, n=3)
            hint = f"Nearest: {', '.join(near)}. " if near else ""
            return f'No command "{" ".join([*chain, word])}". {hint}{more}'
        case MissingArgumentError(keyword=option) if option is not None:
            return f"{option} needs a value behind it. {more}"
        case MissingArgumentError(argument=argument) if argument is not None:
            name = argument.name if argument.index is None else argument.name.lstrip("-").upper()
            return f"{name} is missing. {more}"
        case CoercionError(token=token, target_type=wanted) if token is not None and wanted in _KINDS:
            name = token.keyword or (error.argument.name.lstrip("-").upper() if error.argument else "That")
            return f'{name} takes {_KINDS[wanted]}, not "{token.value}". {more}'
        case CoercionError(token=token, target_type=wanted) if token is not None and get_origin(wanted) is Literal:
            return f'"{token.value}" is none of {", ".join(get_args(wanted))}. {more}'
        case _:
            return f"{error} {more}"


def _command_behind(words: Sequence[str], app: App) -> str | None:
    """The command whose options were typed before it, as those of many programs may be."""
    names = {name for name in app if not name.startswith("-")}
    if not words or not words[0].startswith("-"):
        return None
    return next((word for before, word in pairwise(words) if word in names and before != "--home"), None)
