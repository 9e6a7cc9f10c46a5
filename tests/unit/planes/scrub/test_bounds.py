"""Bounds: memory, work per byte, and what is loaded."""

import random
import re
import subprocess
import sys
import tracemalloc

import pytest

from planes.scrub import Registered, StreamScrubber
from planes.scrub.long_lines import LONGEST_HELD
from planes.scrub.registered import learned_forms
from planes.scrub.registered.encodings import forms
from planes.scrub.registered.learned import Learned
from planes.scrub.registered.telling import piece_tells
from planes.scrub.rulebook import Rulebook, Span, rulebook
from planes.scrub.rules import RULES
from planes.scrub.rules.judging import command_judges, extents, told, unquoted
from planes.scrub.rules.judging.extents import closing_end
from planes.scrub.rules.samples import fake
from planes.scrub.search.name_places import NamePlaces
from planes.scrub.search.signs import LineSigns

REGISTERED = Registered.from_values([("V", "correct-horse7"), ("LONG", "k" * 3000 + "ey")])
CHUNK = 64 * 1024


@pytest.mark.parametrize(
    "filling", [b"x", b"=", b"k", b"password=", b"A1b2", b" ", b"\x1b[31m", b"\x1b[", b"-----BEGIN "]
)
def test_a_line_without_end_takes_bounded_memory(filling: bytes) -> None:
    scrubber = StreamScrubber(REGISTERED)
    chunk = (filling * CHUNK)[:CHUNK]
    for _ in range(2):
        scrubber.feed(chunk)
    tracemalloc.start()
    given = sum(len(scrubber.feed(chunk)) for _ in range(12))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 12_000_000
    assert given > 0 or filling == b"password="


@pytest.mark.parametrize("gap", [b" ", b"\t", b" \t"])
def test_shapes_of_names_are_not_tried_by_re_where_it_would_share_out_a_long_gap_in_every_way(gap: bytes) -> None:
    """480 tabs between a name and a word took two seconds."""
    names = NamePlaces()

    assert names.names(b"password" + (gap * 20)[:20] + b"x", [0]) == [(0, None)]
    assert names.names(b"password" + (gap * 480)[:480] + b"x", [0]) is None


def test_shapes_of_names_are_tried_by_re_on_no_more_bytes_however_many_names_stand_there() -> None:
    names = NamePlaces()
    for count, length in ((8, 1000), (16, 500), (9, 1000), (17, 500)):
        line = (b"password=" * count).ljust(length, b"x")
        signs = [9 * number for number in range(count)]

        assert (names.names(line, signs) is None) == (count * length > 8192)


@pytest.mark.parametrize("line", [b"tokens: %s" % (b"7" * 64 + b"x"), b"invalid asana token: 2/%s:x" % (b"8" * 64)])
def test_a_row_of_digits_is_not_shared_out_in_every_way(line: bytes) -> None:
    """24 digits behind the name of an amount took ten seconds, each further one twice as long."""
    scrubber = StreamScrubber(REGISTERED)

    assert scrubber.feed(line + b"\n") + scrubber.finish()


def test_long_line_comes_out_while_it_goes_on() -> None:
    scrubber = StreamScrubber(Registered.empty())

    given = scrubber.feed(b"x" * (3 * LONGEST_HELD))

    assert len(given) >= LONGEST_HELD


def long_line(seed: int) -> bytes:
    source = random.Random(seed)
    kinds = (b"plain words", b"", b"correct-horse7", b"a=1,", b"password=hunter2-x", b"\x1b[32m")
    pieces = [source.choice(kinds) or fake("ghp_<a36>", number).encode() for number in range(8000)]
    return b" ".join(pieces) + b" " + b"z" * 100 + b"\n"


def scrubbed(text: bytes, size: int) -> bytes:
    scrubber = StreamScrubber(REGISTERED)
    pieces = [scrubber.feed(text[place : place + size]) for place in range(0, len(text), size)]
    return b"".join(pieces) + scrubber.finish()


@pytest.mark.parametrize("size", [1000, 4097, 65536, 100_000])
def test_long_lines_do_not_depend_on_chunks_and_lose_every_secret(size: int) -> None:
    text = long_line(1) + b"next\n" + long_line(2)
    whole = scrubbed(text, len(text))

    assert len(long_line(1)) > 1.5 * LONGEST_HELD
    assert scrubbed(text, size) == whole
    assert b"ghp_" not in whole
    assert b"hunter2" not in whole
    assert b"correct-horse7" not in whole
    assert whole.count(b"\n") == 3


def test_secret_longer_than_the_bound_is_swallowed_whole() -> None:
    text = b"x password=" + b"s3" * 200_000 + b" end\n"

    for size in (len(text), 5000, 70_000):
        assert scrubbed(text, size) == b"x password=[masked:named-plain] end\n"


def test_value_across_the_border_of_a_window_is_masked() -> None:
    for shift in range(-20, 20):
        place = LONGEST_HELD - 8192 + shift
        text = b"x" * place + b" " + fake("ghp_<a36>", 3).encode() + b" " + b"y" * 20_000 + b"\n"

        assert b"[masked:github-token]" in scrubbed(text, 65536)


class CountingBook(Rulebook):
    """A rulebook that counts the bytes its precise patterns are given."""

    __slots__ = ("bytes_read",)

    def __init__(self) -> None:
        super().__init__(compiled.rule for compiled in rulebook().rules)
        self.bytes_read = 0

    def spans(self, line: bytes, signs: LineSigns) -> "list":
        self.bytes_read += len(line) * signs.chosen.bit_count()
        return super().spans(line, signs)


@pytest.mark.parametrize(
    "unit",
    [
        b"=",
        b"a",
        b"password=",
        b"ghp_",
        b"://a:b",
        b"eyJ",
        b"4242 ",
        b"-----BEGIN PRIVATE KEY-----",
        b"GB82",
        b"Bearer ",
        fake("eyJ<a20>.<a20>.<a20>.", 3).encode(),
    ],
)
def test_work_grows_with_the_text_not_with_its_square(unit: bytes) -> None:
    from collections import Counter

    from planes.scrub.lines import RuleStage

    read: list[int] = []
    for size in (100_000, 400_000):
        book = CountingBook()
        stage = RuleStage(Counter(), book)
        stage.feed((unit * size)[:size])
        stage.finish()
        read.append(book.bytes_read)

    assert read[1] <= 5 * max(read[0], 1) + 40 * LONGEST_HELD


class CountingPattern:
    """A pattern of the standard library that counts the bytes it is given."""

    def __init__(self, pattern: "re.Pattern[bytes]") -> None:
        self.pattern = pattern
        self.bytes_read = 0

    def search(self, line: bytes, begin: int, end: int) -> "re.Match[bytes] | None":
        self.bytes_read += end - begin
        return self.pattern.search(line, begin, end)

    def match(self, line: bytes, begin: int, end: int = sys.maxsize) -> "re.Match[bytes] | None":
        self.bytes_read += min(end, len(line)) - begin
        return self.pattern.match(line, begin, end)


@pytest.mark.parametrize(
    ("judging", "name", "unit"),
    [
        (told, "_SYSTEM_FILE", b"password eaf2ad8574e0d0a8c0e4ec1be9c2f2ea "),
        (command_judges, "_HELP_GAP", b"identified by x replace "),
        (unquoted, "_GENERIC", b"token: a<b<c<d "),
    ],
)
def test_a_judge_looks_no_further_in_a_longer_line(
    monkeypatch: pytest.MonkeyPatch, judging: object, name: str, unit: bytes
) -> None:
    read: list[int] = []
    for count in (200, 1000):
        counting = CountingPattern(getattr(judging, name))
        monkeypatch.setattr(judging, name, counting)
        scrubbed(unit * count + b"\n", 65536)
        monkeypatch.undo()
        read.append(counting.bytes_read)

    assert 0 < read[1] <= 6 * read[0]


def test_behind_a_value_in_doubled_quotes_no_further_quotes_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    monkeypatch.setattr(extents, "closing_end", lambda line, opener: looks.append(opener) or closing_end(line, opener))

    assert scrubbed(b"password=''%s'' " % fake("<a16>", 3).encode(), 65536).find(b"[masked:") > 0
    assert scrubbed(b"password=''abc''" * 200 + b"\n", 65536)
    assert not looks


@pytest.mark.parametrize("row", [b"a", b"ab", b"aB3"])
@pytest.mark.parametrize("place", [0, 30, 60])
def test_a_row_in_a_learned_value_is_not_judged_at_each_place_of_a_longer_one(
    monkeypatch: pytest.MonkeyPatch, row: bytes, place: int
) -> None:
    """A line of 64 KB took a minute."""
    value = fake("<a60>", 7).encode()
    value = value[:place] + row * 20 + value[place:]
    learned = Learned()
    learned.learn(value, [Span(0, len(value), next(rule for rule in RULES if rule.name == "github-token"))])
    judged: list[int] = []
    monkeypatch.setattr(learned_forms, "piece_tells", lambda form, *of: judged.append(1) or piece_tells(form, *of))
    text = row * 4000 + b" " + value + b" " + row * 4000

    assert [(span.start, span.end) for span in learned.find(text)][:1] == [(text.index(b" ") + 1, text.rindex(b" "))]
    assert len(judged) < 20


def test_words_of_many_vowels_are_not_shared_out_in_every_way() -> None:
    """It did not end."""
    run = (b"A" + b"a" * 200) * 5 + b"9x"

    assert piece_tells(run, 0, len(run))


def test_registering_a_document_in_a_document_ends() -> None:
    value = "TOKEN=" * 400 + "x"

    assert Registered.from_values([("V", value)])
    assert Registered.from_values([("V", "[" * 3000 + "]" * 3000)])


def test_ordinary_value_has_few_forms() -> None:
    assert len(set(forms("correct-horse7"))) < 80


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_import_is_light() -> None:
    heavy = ["re2", "ahocorasick_rs", "dataclasses", "inspect", "asyncio", "pydantic", "html", "urllib.parse", "random"]
    heavy = run(f"import sys, planes.scrub; print([name for name in {heavy!r} if name in sys.modules])")
    # A type in quotes is compiled where `typing` looks at it, and Python then makes all types of its syntax tree.
    trees = run("import planes.scrub; print([kind for kind in object.__subclasses__() if kind.__name__ == 'AST'])")

    assert heavy == "[]"
    assert trees == "[]"


def test_everything_loaded_and_compiled_stays_small() -> None:
    code = (
        "import planes.scrub as s; s.prepare();"
        "r = s.Registered.from_values((f'N{n}', f'value-{n}-{n * 7919}/x') for n in range(40));"
        "x = s.StreamScrubber(r);"
        "[x.feed(b'2026-01-01 INFO row %d token=abc%d\\n' % (n, n)) for n in range(20000)];"
        "print([line for line in open('/proc/self/status') if line.startswith('VmRSS')][0].split()[1])"
    )

    assert int(run(code)) < 40_000


@pytest.mark.parametrize("module", ["re2", "ahocorasick_rs"])
def test_engine_is_used_where_it_is_installed(module: str) -> None:
    use = "s.prepare(); s.Registered.from_values([('A', 'abcdefgh')])"
    loaded = run(f"import sys, planes.scrub as s; {use}; print({module!r} in sys.modules)")

    assert loaded == "True"


def test_ordinary_lines_hold_no_sign() -> None:
    """A sign that stands in every line of a load makes each of them cost a look: ten times the work."""
    lines = [
        "2026-01-02 03:04:05,678|[INFO]|4711|139|dlt|load.py|complete_jobs:412|Completed 12 jobs of orders",
        "2026-01-02 03:04:05,678|[INFO]|4711|139|dlt|normalize.py|run:301|Normalized 139 rows of order_lines",
        "Load 3/9 in 1732450000.123456 | orders | 59.5/s",
        "GET https://api.example.com/v1/orders?page=139&limit=500 -> 200 in 139 ms",
        '  File "/opt/job/orders.py", line 139, in orders',
        "Files: 12/200 (6.0%) | Time: 3.33s | Rate: 12.50/s",
        "commit 9f8e7d6c5b4a39281706f5e4d3c2b1a0ffee1122",
        "3f2b8c1a-1234-4abc-8def-1234567890ab 2026-01-02T03:04:05.678901Z INFO rows=139",
    ]

    assert [line for line in lines if rulebook().sign(line.encode() + b"\n") >= 0] == []
