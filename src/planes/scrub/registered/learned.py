"""Values that a rule masked once in a stream: they are masked wherever they stand again later in it.

    password=…                          what tells the value
    + echo … | docker login             nothing here does

Learned is only what is long and random enough that no ordinary text meets it by chance. Values are kept as long as the
stream lasts, in memory alone. What is found on a line depends on that line and on the lines above it, never on chunks.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from planes.scrub.registered.encodings import byte_forms, common_forms
from planes.scrub.registered.learned_forms import Form, Forms
from planes.scrub.rulebook import Span, outside_marks
from planes.scrub.rules import RULES
from planes.scrub.rules.judging.plausible import looks_random
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.below import BELOW_RULES

SHORTEST = 12
LONGEST = 256
# Of letters and digits among other signs.
_FEWEST = 8
# So much is learned of one stream; what comes later is masked by the rules alone.
MOST_VALUES = 32
MOST_FORMS = 640

# Numbers of persons and accounts need no memory: all that tells them is in them. Nor do a workspace's own patterns.
_TEACHERS = frozenset(rule.name for rule in (*RULES, *BELOW_RULES) if rule.kind in ("token", "uri-password", "name"))
# Rules that judge by a name that stands apart, a column, a sentence or a cookie: ids stand there too. Of what they
# find, only what has capitals and small letters is learned, which ids in hexadecimal have not.
_GUESSING = frozenset(
    [
        "named-apart",
        "named-far",
        "named-far-plain",
        "named-gap",
        "named-gap-between",
        "named-cell",
        "named-cell-between",
        "named-two-cells",
        "named-column",
        "named-markup-cell",
        "named-markup-between",
        "named-in-message",
        "named-prose-value",
        "named-leader",
        "named-told",
        "value-from-name",
        "value-before-name",
        "foreign-apart",
        "foreign-vague",
        "foreign-particle",
        "generic-key",
        "short-name",
        "secret-id",
        "session-cookie",
        "cookie-header",
        "cookie-file",
        "typed-text",
    ]
)


class Learned:
    """What one stream has taught.

    Attributes:
        has_new: whether something was learned that `find_new` was not asked for yet.
    """

    __slots__ = ("_count", "_forms", "_is_full", "_known", "_new", "has_new")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        self._forms = Forms()
        self._new: list[Form] = []
        self._known: set[bytes] = set()
        self._count = 0
        self._is_full = False
        self.has_new = False

    def __bool__(self) -> bool:
        return bool(self._known)

    def learn(self, text: bytes, spans: Sequence[Span]) -> None:
        """Take the secrets that rules found in a line."""
        if self._is_full:
            return
        for start, end, rule in spans:
            if SHORTEST <= end - start <= LONGEST and rule.name in _TEACHERS:
                secret = text[start:end]
                if rule.name in _GUESSING and secret in (secret.lower(), secret.upper()):
                    continue
                if secret not in self._known and is_telling(secret) and not self._is_full:
                    self._add(secret, rule)

    def _add(self, secret: bytes, rule: Rule) -> None:
        again = rule._replace(kind="learned", follow=b"")
        new = [(text, kind) for text, kind in dict(_forms(secret)).items() if text not in self._known]
        forms = [Form(len(self._known) + number, text, again, *kind) for number, (text, kind) in enumerate(new)]
        self._count += 1
        self._is_full = self._count == MOST_VALUES or len(self._known) + len(forms) > MOST_FORMS
        if len(self._known) + len(forms) <= MOST_FORMS:
            self._known.update(form.text for form in forms)
            self._new += forms
            for form in forms:
                self._forms.add(form)
            self.has_new = True

    def find_new(self, text: bytes, start: int) -> list[Span]:
        """Where in a text, from `start` on, stands what was learned since all was looked for last."""
        found = _outside(text, self._forms.find_one_by_one(text, start, self._new))
        self.seen_all()
        return found

    def seen_all(self) -> None:
        """All that was learned by now was looked for in the text that comes next."""
        self._new.clear()
        self.has_new = False

    def find(self, text: bytes) -> list[Span]:
        """Where in a text learned values stand, in no order; none goes over the end of a line."""
        return _outside(text, self._forms.find(text))


def _outside(text: bytes, found: Iterable[Span]) -> list[Span]:
    spans = list(found)
    return outside_marks(text, spans) if spans and text.find(b"[masked:") >= 0 else spans


def _forms(secret: bytes) -> Iterator[tuple[bytes, tuple[bool, bool]]]:
    """The forms of a value, each with whether it is the value itself, and whether it is its bytes in digits."""
    texts = [secret]
    unquoted = _QUOTED.sub(lambda match: bytes.fromhex(match[1].decode("ascii")), secret)  # in an address
    if unquoted != secret and is_telling(unquoted):
        texts.append(unquoted)
    for text in texts:
        for form in byte_forms(text):
            yield form, (False, True)
        for form in common_forms(text):
            yield form, (form == text, False)


_PLAIN = re.compile(rb"[\x21-\x5a\x5c\x5e-\x7e]+")  # no brackets either: no part of a mark is learned
_QUOTED = re.compile(rb"%([0-9A-Fa-f]{2})")
_SEGMENT = re.compile(rb"[0-9A-Za-z]{12,}")
_OTHER = re.compile(rb"[^0-9A-Za-z]+")
_TURNS = re.compile(rb"[A-Z](?=[0-9])|[a-z](?=[0-9A-Z])|[0-9](?=[A-Za-z])")
# Signs that generators of passwords use and that no name, path, version or date holds; and those of code and patterns.
_SPECIAL = re.compile(rb"[!@#$%^&*?~]")
_CODE = re.compile(rb"[(){}<>\\'\"`]")


def is_telling(secret: bytes) -> bool:
    """Whether no ordinary text meets a value by chance: made by a generator, and no id, name, path, number or date.

    Capitals, small letters and digits take turns in it as in no name: in one run of twelve signs or more, or in all of
    it where it holds signs that only passwords do.
    """
    return (
        _PLAIN.fullmatch(secret) is not None
        and (any(map(_takes_turns, _SEGMENT.findall(secret))) or _is_password(secret))
        and looks_random(secret)
    )


def _is_password(secret: bytes) -> bool:
    if _SPECIAL.search(secret) is None or _CODE.search(secret) is not None:
        return False
    letters = _OTHER.sub(b"", secret)
    return len(letters) >= _FEWEST and letters.lower() != letters != letters.upper() and _takes_turns(letters)


def _takes_turns(text: bytes) -> bool:
    return len(_TURNS.findall(text)) >= max(5, len(text) // 4 + 1)
