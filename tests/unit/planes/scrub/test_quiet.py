"""Quiet stretches are passed on without a look by the passes, and nothing that the passes would find is lost by it."""

import random
from collections.abc import Iterator, Sequence

import pytest
from tests.unit.planes.scrub.test_stream import PIECES, REGISTERED, VALUES

from planes.scrub import Registered, ScrubSettings, StreamScrubber, quiet
from planes.scrub.registered.encodings import forms
from planes.scrub.rules import RULES
from planes.scrub.rules.samples import fake

PLAIN = frozenset(b"\t\n" + bytes(range(0x20, 0x7F)))
# After so much of it every pattern is compiled that is compiled for a long stream only.
LONG = b"2026-01-02 03:04:05,678|[INFO]|4711|dlt|load.py|loaded 12 rows into table orders\n" * 20_000


@pytest.fixture(scope="module")
def warm() -> Registered:
    """The values, at a time when they look at quiet stretches as a whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quiet, "_WORTH_EACH", 0)
        registered = Registered.from_values(VALUES)
    assert StreamScrubber(registered).feed(LONG) == LONG
    return registered


def scrubbed(registered: Registered, chunks: Sequence[bytes]) -> bytes:
    scrubber = StreamScrubber(registered)
    return b"".join([*map(scrubber.feed, chunks), scrubber.finish()])


def hidden(source: random.Random) -> Iterator[bytes]:
    """Something to find somewhere in a log, mostly over the border of two chunks."""
    for number in range(600):
        piece = source.choice(PIECES) if number % 2 else fake(source.choice(RULES).sample, number).encode()
        at = source.randrange(len(piece) + 1)
        gap = source.choice((b"", b"", b" ", b"\n", b"\n   ", b"\x1b[1m"))
        before, behind = (LONG[: source.randrange(400)] for _ in range(2))
        yield before + source.choice((b"", b"x ", b"\n")) + piece[:at] + gap + piece[at:] + b" " + behind


def test_what_is_quiet_hides_nothing(warm: Registered) -> None:
    source = random.Random(7)
    for text in hidden(source):
        expected = scrubbed(REGISTERED, [text])
        for _ in range(4):
            place = source.randrange(len(text) + 1)
            assert scrubbed(warm, [text[:place], text[place:]]) == expected, (text, place)
        size = source.randrange(1, 90)
        assert scrubbed(warm, [text[place : place + size] for place in range(0, len(text), size)]) == expected


def test_every_form_is_found_behind_a_quiet_stretch(warm: Registered) -> None:
    for name, value in VALUES:
        for form in forms(value):
            if len(form.strip()) < 5:
                continue
            out = scrubbed(warm, [LONG[:999], b"x <" + form[:2], form[2:] + b">\n" + LONG[:99]])

            assert b"[masked:" in out, (name, form)


def test_what_is_called_plain_is_plain(warm: Registered) -> None:
    source = random.Random(8)
    told = 0
    for registered in (warm, REGISTERED, Registered.empty()):
        scrubber = StreamScrubber(registered)
        scrubber.feed(LONG)
        for text in hidden(source):
            for chunk in (text[:99], text[99:], LONG[:999]):
                out = scrubber.feed(chunk)
                told += scrubber.is_plain and bool(out)
                assert not scrubber.is_plain or PLAIN.issuperset(out)
    assert told > 450


def test_patterns_of_the_workspace_are_found_in_a_long_stream(warm: Registered) -> None:
    settings = ScrubSettings(extra_patterns=(("order-number", "ORD-[0-9]{6}"),))
    for registered in (warm, Registered.empty()):
        scrubber = StreamScrubber(registered, settings)
        scrubber.feed(LONG)
        scrubber.feed(LONG + b"for OR")

        assert scrubber.feed(b"D-123456 today\n") == b"for [masked:order-number] today\n"
        assert scrubber.feed(LONG[:999] + b"\nORD-654321\n").count(b"[masked:order-number]") == 1
