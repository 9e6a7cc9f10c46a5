"""Without the wheels the result is the same."""

import hashlib
import random
import subprocess
import sys

from planes.scrub import Registered, StreamScrubber
from planes.scrub.registered.encodings import forms
from planes.scrub.rules import RULES
from planes.scrub.rules.named.below import BELOW_RULES
from planes.scrub.rules.samples import fake
from planes.scrub.search.engine import FastFinder, StdlibFinder

VALUES = [
    ("A", "correct-horse7"),
    ("B", 'pa\'ss "w/o\\rd" $1&<x>'),
    ("C", "aaaaa"),
    ("D", "line one of it\nline two of it"),
]
SCRIPT = """
import sys
{block}
from planes.scrub import Registered, StreamScrubber
values = {values!r}
scrubber = StreamScrubber(Registered.from_values(values))
text = sys.stdin.buffer.read()
out = b"".join(scrubber.feed(text[place:place + 997]) for place in range(0, len(text), 997)) + scrubber.finish()
print({{name for name in ("re2", "ahocorasick_rs") if sys.modules.get(name)}} or "none", sorted(scrubber.hits.items()))
import hashlib
print(hashlib.sha256(out).hexdigest())
"""


def text() -> bytes:
    source = random.Random(17)
    pieces = [fake(rule.sample, 8).encode() for rule in (*RULES, *BELOW_RULES)]
    pieces += [form for _, value in VALUES for form in forms(value)]
    pieces += [
        b"plain words",
        b"a" * 9,
        b"\x1b[31m",
        b"2026-01-01 INFO 3 rows",
        b"password = get_secret('x')",
        b"4111111111111112",
    ]
    source.shuffle(pieces)
    return b"".join(piece + source.choice((b"\n", b" ", b" and ", b"\n\n")) for piece in pieces)


def test_stream_is_the_same_with_and_without_the_wheels() -> None:
    answers: list[list[str]] = []
    for block in ("", "sys.modules['re2'] = None; sys.modules['ahocorasick_rs'] = None"):
        code = SCRIPT.format(block=block, values=VALUES)
        process = subprocess.run([sys.executable, "-c", code], input=text(), capture_output=True, check=True)
        answers.append(process.stdout.decode().splitlines())

    assert answers[1][0].startswith("none ")
    assert not answers[0][0].startswith("none ")
    assert answers[0][0].partition("[")[2] == answers[1][0].partition("[")[2]
    assert answers[0][1] == answers[1][1]


def test_this_process_agrees_too() -> None:
    scrubber = StreamScrubber(Registered.from_values(VALUES))
    out = scrubber.feed(text()) + scrubber.finish()
    code = SCRIPT.format(block="sys.modules['re2'] = None; sys.modules['ahocorasick_rs'] = None", values=VALUES)
    process = subprocess.run([sys.executable, "-c", code], input=text(), capture_output=True, check=True)

    assert process.stdout.decode().splitlines()[1] == hashlib.sha256(out).hexdigest()


def test_finders_agree_on_overlapping_needles() -> None:
    source = random.Random(3)
    for _ in range(200):
        needles = sorted({bytes(source.choices(b"ab\n.", k=source.randint(1, 5))) for _ in range(source.randint(1, 8))})
        haystack = bytes(source.choices(b"ab\n.", k=60))

        assert sorted(FastFinder(needles).find(haystack)) == sorted(StdlibFinder(needles).find(haystack))
