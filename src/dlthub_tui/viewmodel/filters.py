"""What `/` does to a list: words that must all occur, and facts such as `took>1m`."""

from __future__ import annotations

from collections.abc import Sequence

from dlthub_tui.viewmodel.table import Row


def matching(rows: Sequence[Row], text: str) -> tuple[Row, ...]:
    """The rows in which each word of `text` occurs, without regard to case."""
    words = text.casefold().split()
    if not words:
        return tuple(rows)
    return tuple(row for row in rows if all(word in row.words.casefold() for word in words))


def nearest_word(rows: Sequence[Row], text: str) -> tuple[str, int] | None:
    """The word of the rows that resembles `text` most, and in how many rows it stands."""
    from difflib import get_close_matches

    vocabulary = {word for row in rows for word in row.words.casefold().split()}
    found = get_close_matches(text.casefold().strip(), vocabulary, n=1, cutoff=0.6)
    if not found:
        return None
    return found[0], sum(1 for row in rows if found[0] in row.words.casefold())


def no_match(rows: Sequence[Row], text: str, thing: str) -> str:
    """The sentence for a filter that leaves nothing."""
    near = nearest_word(rows, text)
    hint = f" Nearest: {near[0]} ({near[1]})." if near else " esc clears the filter."
    return f'No {thing} matches "{text}".{hint}'
