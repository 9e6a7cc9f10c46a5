"""What a workspace may change about scrubbing: classes of personal data, patterns of its own, false positives.

    settings = ScrubSettings(
        pii_classes=frozenset({"email"}),            # names from `PII_CLASSES`; unknown ones mean nothing
        extra_patterns=(("customer-id", r"\\bKD-[0-9]{8}\\b"),),
        allowed=("AKIAIOSFODNN7EXAMPLE",),
    )
    StreamScrubber(registered, settings)
    scrub_lines(lines, registered, settings)

Patterns are RE2 only, so that none takes more than linear time; `check_pattern` says why one is refused. Where a match
has a group `(?P<secret>…)`, only that is masked. What is allowed holds against rules and patterns, never against a
registered value: those are masked first. A pattern that is refused is left out by the engine (`usable_patterns` says
which stay), so that settings of another version cannot stop a run; who takes settings from people checks them first.
"""

import functools
import re
from collections.abc import Container, Mapping
from typing import Any, NamedTuple, cast

from planes.scrub import rules as _rules
from planes.scrub.rules.model import Rule
from planes.scrub.search.engine import fast_pattern

LONGEST_PATTERN = 512
LONGEST_ALLOWED = 4096
MOST_PATTERNS = 64
# RE2 instructions; a few hundred are a long pattern, ten thousand cost a megabyte of memory for each run.
LARGEST_PROGRAM = 4000

PII_RULES: Mapping[str, tuple[Rule, ...]] = getattr(_rules, "PII_RULES", {})
"""Rules that only apply where a workspace asks for them, by class."""
PII_CLASSES: tuple[str, ...] = tuple(sorted(PII_RULES))

GROUP = "(?P<secret>"
LONGEST_NAME = 64
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}")
# No variable's name has such a sign in it.
_OF_PATTERN = "-pattern"
_CLASS = re.compile(r"\\.|(\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])")
_NEWLINE = re.compile(r"(?<!\\)(?:\\\\)*\\(?:n|x0[aA]|x\{0*[aA]\}|012)(?![?*{])")
_CHOICE = re.compile(r"(?<!\\)(?:\\\\)*(?:\||\)[?*{])")
_TEXT_ANCHOR = re.compile(r"(?<!\\)(?:\\\\)*\\[AzCQE]")
# Lines as every log has them. A pattern that matches in one of them would mask ordinary text.
_ORDINARY = tuple(
    line.encode("ascii")
    for line in (
        "2026-01-02 03:04:05,678|[INFO]|4711|139|dlt|load.py|complete_jobs:412|loaded 12 rows into table orders",
        "Pipeline orders_pipeline load step completed in 1.25 seconds",
        "1 load package(s) were loaded to destination duckdb and into dataset orders_data",
        'Traceback (most recent call last):\n  File "/app/job.py", line 12, in <module>'.replace("\n", " "),
        "the quick brown fox jumps over the lazy dog",
        "GET /v1/items?page=3&limit=100 200 OK",
    )
)


class ScrubSettings(NamedTuple):
    """A workspace's settings; the default changes nothing.

    Attributes:
        pii_classes: classes of personal data that are masked too, of `PII_CLASSES`.
        extra_patterns: (name, RE2 pattern); the name stands in the mask.
        allowed: texts that stay as they are where a rule or pattern finds something inside them.
    """

    pii_classes: frozenset[str] = frozenset()
    extra_patterns: tuple[tuple[str, str], ...] = ()
    allowed: tuple[str, ...] = ()

    def apart_from(self, registered: Container[str]) -> "ScrubSettings":
        """The same for a run with these registered values, by name: a pattern of such a name gets one of its own.

        Their masks and counts would be the same, and ordinary text would be taken for a secret that leaked.
        """
        named = tuple((_apart(name) if name in registered else name, text) for name, text in self.extra_patterns)
        return self._replace(extra_patterns=named)


def _apart(name: str) -> str:
    return f"{name[: LONGEST_NAME - len(_OF_PATTERN)]}{_OF_PATTERN}"


def check_pattern(pattern: str) -> str | None:
    """Why a pattern may not be used, in words that go behind its name; None: it may."""
    if not pattern:
        return "is empty"
    if len(pattern) > LONGEST_PATTERN:
        return f"is longer than {LONGEST_PATTERN} characters"
    if not pattern.isascii() or not pattern.isprintable():
        return "may hold only printable ASCII characters"
    if _TEXT_ANCHOR.search(pattern):
        return "uses \\A, \\z, \\C or \\Q; a line begins at ^ and ends at $"
    if _needs_newline(pattern):
        return "would never match: it has a line's end in it; a line ends at $"
    return _check_compiled(pattern)


def _needs_newline(pattern: str) -> bool:
    """Whether each match has a newline in it, which no line has; not where a choice may leave it out."""
    outside = _CLASS.sub(lambda piece: "." if piece[1] else piece[0], pattern)
    return _NEWLINE.search(outside) is not None and _CHOICE.search(outside) is None


def _check_compiled(pattern: str) -> str | None:
    try:
        compiled = fast_pattern(pattern.encode("ascii"))
    except ImportError:
        return "cannot be used here: RE2 is not installed on this system"
    except Exception as error:  # noqa: BLE001 - re2.error is known only where re2 is
        return f"is no RE2 pattern: {error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]}"
    named = [name for name in compiled.groupindex if name != b"secret"]
    if named or len(compiled.groupindex) != pattern.count(GROUP):
        return f"may name one group only, as {GROUP}…)"
    if getattr(compiled, "programsize", 0) > LARGEST_PROGRAM:
        return "is too large once compiled: use smaller repetitions"
    if compiled.search(b""):
        return "matches the empty text"
    if compiled.search(b"x") or compiled.search(b"0") or compiled.search(b" "):
        return "matches a single character"
    if any(compiled.search(line) for line in _ORDINARY):
        return "matches ordinary log lines"
    return None


def check_pattern_name(name: str) -> str | None:
    """Why a name may not stand in a mask, in words that go behind it; None: it may."""
    return None if _NAME.fullmatch(name) else "may hold up to 64 letters, digits, '.', '_' and '-'"


@functools.lru_cache(maxsize=64)
def usable_patterns(settings: ScrubSettings) -> tuple[tuple[str, str], ...]:
    """The extra patterns that pass the checks; the engine uses exactly these."""
    return tuple(
        (name, pattern)
        for name, pattern in settings.extra_patterns[:MOST_PATTERNS]
        if check_pattern_name(name) is None and check_pattern(pattern) is None
    )


def refused_patterns(settings: ScrubSettings) -> tuple[str, ...]:
    """The names of the extra patterns that the engine leaves out."""
    usable = set(usable_patterns(settings))
    return tuple(pair[0] for pair in settings.extra_patterns if pair not in usable)


def settings_document(settings: ScrubSettings) -> dict[str, Any]:
    """The settings as JSON-able values; see `parse_settings`."""
    return {
        "pii_classes": sorted(settings.pii_classes),
        "extra_patterns": [list(pair) for pair in settings.extra_patterns],
        "allowed": list(settings.allowed),
    }


def parse_settings(document: Mapping[str, Any]) -> ScrubSettings:
    """Read `settings_document` back. Raises: ValueError, KeyError or TypeError if it is not one."""
    pairs = tuple((name, pattern) for name, pattern in document["extra_patterns"])
    classes, allowed = tuple(document["pii_classes"]), tuple(document["allowed"])
    texts = cast("list[object]", [*classes, *allowed, *(text for pair in pairs for text in pair)])
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("scrub settings hold texts only")
    return ScrubSettings(frozenset(classes), pairs, allowed)


def rules_of(settings: ScrubSettings) -> tuple[Rule, ...]:
    """The rules that settings add. Those made from patterns have no signs."""
    chosen = [rule for name in PII_CLASSES if name in settings.pii_classes for rule in PII_RULES[name]]
    for name, pattern in usable_patterns(settings):
        whole = pattern if GROUP in pattern else f"{GROUP}{pattern})"
        chosen.append(Rule(name, "name", (), b"", whole.encode("ascii"), "a pattern of the workspace", ""))
    return tuple(chosen)
