"""What a rule is, and the short way to write one."""

from collections.abc import Callable
from typing import Literal, NamedTuple

# `learned`: a value that another rule found before in the same stream. `open`: see `Shortened.find`.
Kind = Literal["token", "uri-password", "key-block", "checksum", "name", "learned", "open"]
# (line, where the match begins, where the secret begins, where it ends) → where the secret ends, or -1: not a secret.
Judge = Callable[[bytes, int, int, int], int]

# What may stand before and behind a format that has no telling sign of its own. An escape such as `\n` or `%3D` in
# front is a border although it ends in a letter.
BEFORE = r"(?:^|[^0-9A-Za-z]|\\[abfnrtv]|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4})"
BEHIND = r"(?:$|[^0-9A-Za-z])"
# The same for the scan, where a sign ends many words: `track_events`.
BEGINS = r"(?:\b|[nrt])"


class Rule(NamedTuple):
    """One format.

    Attributes:
        name: unique, stands in the mask.
        kind: what sort of secret it is.
        signs: literals, one of which every match contains. Only lines that hold a sign are looked at again.
        follow: a pattern for what stands behind the sign, so that fewer lines are; of the kind `learned`: what of the
            value follows a piece.
        written: `pattern`, with what `abbreviate` was told left out.
        source: the title of the public document that describes the format; `links` knows where it stands.
        sample: a template for fakes, see `samples`.
        judge: looks at a match in its line and may narrow or refuse it.
        any_case: signs are found in any case.
        before: a pattern for what stands before the sign in the scan, at most one byte wide.
        needs: literals in small letters, one of which a line holds in some case wherever the pattern matches. A look
            for them costs next to nothing, and most shapes of names are told apart by one.
    """

    name: str
    kind: Kind
    signs: tuple[bytes, ...]
    follow: bytes
    written: bytes
    source: str
    sample: str
    judge: Judge | None = None
    any_case: bool = False
    before: bytes = b""
    needs: tuple[bytes, ...] = ()

    @property
    def pattern(self) -> bytes:
        """RE2 syntax over bytes; the group `secret` is masked."""
        written = self.written
        for place, text in _ABBREVIATED.items():
            written = written.replace(place, text)
        return written


# What stands for texts that a hundred patterns hold: kept whole in each, they were a third of a MB of every runner.
_ABBREVIATED: dict[bytes, bytes] = {}


def abbreviate(place: bytes, text: bytes) -> None:
    """Keep a text of patterns once; what stands for it is nothing that a pattern may hold."""
    _ABBREVIATED[place] = text


def token(
    name: str,
    signs: str,
    pattern: str,
    sample: str,
    source: str,
    *,
    follow: str = "",
    before: str = "",
    alone: bool = False,
    judge: Judge | None = None,
) -> Rule:
    """A provider's token. `signs` are separated by blanks; `alone`: only where no letter or digit touches it."""
    if "(?P<secret>" not in pattern:
        pattern = f"(?P<secret>{pattern})"
    if alone:
        pattern = BEFORE + pattern + BEHIND
    encoded = tuple(sign.encode("ascii") for sign in signs.split(" "))
    return Rule(
        name,
        "token",
        encoded,
        follow.encode("ascii"),
        pattern.encode("ascii"),
        source,
        sample,
        judge,
        before=before.encode("ascii"),
    )
