"""Pieces of registered values where programs shorten them or a terminal cuts them, and texts that only look so."""

import base64
import io
import itertools
import json
import random
import reprlib
import textwrap
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.pretty import Pretty, pretty_repr
from rich.table import Table
from rich.text import Text

from planes.scrub import Registered, StreamScrubber, scrub_text
from planes.scrub.registered.repeats import common, row_end
from planes.scrub.registered.shortened import Shortened
from planes.scrub.registered.values import ValueStage
from planes.scrub.rulebook import rulebook

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
KINDS: "dict[str, Callable[[random.Random], str]]" = {
    "letters and digits": lambda source: "".join(source.choices(SIGNS, k=source.choice((20, 32, 64)))),
    "hex": lambda source: f"{source.getrandbits(160):040x}",
    "URL-safe base64": lambda source: base64.urlsafe_b64encode(source.randbytes(32)).decode(),
    "with a prefix": lambda source: "sk_" + "live_" + "".join(source.choices(SIGNS, k=32)),
    "a password": lambda source: "Z9" + "".join(source.choices(SIGNS + "!@#$%^&*()_+-=[]{};:,./<>?", k=30)),
    "long": lambda source: base64.b64encode(source.randbytes(600)).decode(),
}


def drawn(what: RenderableType, width: int) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(what)
    return file.getvalue()


def table(value: str, *, folds: bool) -> Table:
    made = Table()
    made.add_column("name")
    made.add_column("value", overflow="fold" if folds else "ellipsis", no_wrap=not folds, ratio=1)
    made.add_row("TOKEN", Text(value))
    return made


PRINTERS: "dict[str, Callable[[str], str]]" = {
    "rich, many signs left out": lambda value: pretty_repr({"token": value}, max_string=16),
    "rich, a panel of locals": lambda value: drawn(Panel(Pretty({"token": value}, max_string=18)), 60),
    "rich, a panel that folds": lambda value: drawn(Panel(Text(f"token = {value!r}")), 31),
    "rich, a table that cuts": lambda value: drawn(table(value, folds=False), 32),
    "rich, a table that folds": lambda value: drawn(table(value, folds=True), 32),
    "reprlib": lambda value: f"got {reprlib.repr(value)}, tried again",
    "reprlib, a member": lambda value: f"got {reprlib.repr({'k': value})}",
    "textwrap": lambda value: textwrap.shorten(f"{value[:17]} and more of it and so on", 26),
    "dots": lambda value: f"using {value[:17]}... for this",
    "dots behind a blank": lambda value: f"using '{value[:17]} ...'",
    "an ellipsis": lambda value: f"using {value[:17]}\N{HORIZONTAL ELLIPSIS}",
    "an ellipsis in JSON": lambda value: json.dumps({"k": value[:17] + "\N{HORIZONTAL ELLIPSIS}" + value[-14:]}),
    "SQLAlchemy": lambda value: f"('{value[:17]} ... ({len(value)} characters truncated) ... {value[-17:]}')",
    "node": lambda value: f"'{value[:17]}'... {len(value) - 17} more characters",
    "stars": lambda value: f"key {value[:14]}****** and ******{value[-13:]}.",
    "the end only": lambda value: f"key \N{HORIZONTAL ELLIPSIS}{value[-12:]} ok",
    "the middle only": lambda value: f"key ...{value[6:18]}... ok",
    "the end of the line": lambda value: f"2026-01-01 12:00:00 INFO token: {value}"[:50],
    "a cell": lambda value: f"| TOKEN | {value[:15]} | 12 |",
    "a slice": lambda value: f"using the key {value[:12]} of the job",
}


def windows(value: str) -> set[str]:
    return {value[place : place + 8] for place in range(len(value) - 7)}


@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_eight_signs_of_a_shortened_value_are_left(kind: str, printer: str) -> None:
    source = random.Random(f"{kind} {printer}")
    for _ in range(12):
        value = KINDS[kind](source)
        registered = Registered.from_values([("V", value), ("OTHER", KINDS[kind](source))])
        text = f"before\n{PRINTERS[printer](value)}\nafter\n"
        random_part = value.removeprefix("sk_" + "live_")
        out = scrub_text(text, registered)

        assert "[masked:V]" in out, text
        assert not windows(random_part) & windows(out), (text, out)
        assert out.startswith("before\n")
        assert out.endswith("\nafter\n")
        assert out.count("\n") == text.count("\n")


ORDINARY_VALUES = (
    "postgresql://loader:h{}@db.example.com:5432/main",
    "https://api.example.com/v1/hook?key={}",
    "https://api.example.com/v2",
    "analytics_production",
    "db.example.com",
    "s3://company-lake/raw/events",
    "correct-horse-{}",
    "production-password-1",
    "passwordstore",
    "/var/lib/dlt/pipelines",
    "2026-01-01T00:00:00Z",
    "sk_" + "live_{}",
    "loader@project-1234.iam.example.com",
    '{{"type":"service_account","project_id":"my-project","private_key":"-----BEGIN PRIVATE KEY-----\\n{0}{0}\\n"}}',
    "-----BEGIN CERTIFICATE-----\n{0}\n{0}\n-----END CERTIFICATE-----",
    "snowflake://user@account/db",
    "Driver={{ODBC Driver 18}};Server=db;UID=me;PWD={}",
)


@pytest.mark.parametrize(
    "text",
    [
        "connect to postgresql://other@db and postgresql://... ok",
        "see https://api.example.com/v1/orders and https://api.example.com/v3",
        "https://api.example.com/v1/... done, https://api.exa\N{HORIZONTAL ELLIPSIS}",
        "table analytics_prod loaded, analytics_ too",
        "dataset analytics_prod",
        "db.example.org is down; db.exampl",
        "s3://company-lake/raw/other ... s3://company-lake/r",
        "correct-ly done, please type the correct... it is correct- or not",
        "password... is missing; passwordst",
        "production... starting, 'production-', production-password is on",
        "/var/lib/dlt/other /var/lib... /var/lib/dlt/",
        "2026-01-01 2026-01-01T00:00:00+02:00 2026-01-01...",
        "sk_" + "live_ is a prefix, sk_" + "live_... is hidden",
        "loader@project-9.iam.example.com ...iam.example.com",
        '{"type":"service_account","project_id":"other"...}',
        "-----BEGIN PUBLIC KEY-----",
        "...example.com:5432/main",
        "Driver={ODBC Driver 17};Server=x ... 18};Server=...",
        "Loading... production environment... please wait...",
        "*** Starting production *** ......... 100%",
    ],
)
def test_text_with_an_ordinary_beginning_stays(text: str) -> None:
    source = random.Random(text)
    values = [value.format("".join(source.choices(SIGNS, k=20))) for value in ORDINARY_VALUES]

    assert (
        scrub_text(text, Registered.from_values((f"V{number}", value) for number, value in enumerate(values))) == text
    )


def test_another_token_with_the_same_beginning_stays() -> None:
    value = KINDS["letters and digits"](random.Random(1))
    registered = Registered.from_values([("V", value)])

    assert scrub_text(f"id {value[:10]}xyz123", registered) == f"id {value[:10]}xyz123"
    assert scrub_text(f"id {value[:7]}...", registered) == f"id {value[:7]}..."


def test_a_phrase_is_masked_where_it_is_cut_inside_a_word() -> None:
    registered = Registered.from_values([("V", "correct-horse-battery-staple")])

    assert scrub_text("got correct-horse-bat... ok", registered) == "got [masked:V]... ok"
    assert scrub_text("got ...rse-battery-staple", registered) == "got ...[masked:V]"
    assert scrub_text("got correct-horse-batt", registered) == "got [masked:V]"
    assert scrub_text("got correct...", registered) == "got correct..."


def test_a_quoted_piece_is_masked_over_the_escape() -> None:
    value = 'Zx81kQ"w0rd7Lm\\2Gh9Tr4'
    out = scrub_text(f"...{json.dumps(value)[2:18]}...", Registered.from_values([("V", value)]))

    assert out == "...[masked:V]..."


def test_hits_count_the_pieces() -> None:
    value = KINDS["hex"](random.Random(2))
    scrubber = StreamScrubber(Registered.from_values([("V", value)]))
    scrubber.feed(f"{value[:12]}... {value}\n".encode())

    assert scrubber.hits == {"V": 2}


def test_the_index_is_made_once_for_all_streams() -> None:
    registered = Registered.from_values([("V", KINDS["hex"](random.Random(3)))])

    assert registered.pieces.windows() is registered.pieces.windows()


VALUES = (
    "q7Zk3mXw9LtB2vNc8RfD",
    "q7Zk3mXw-another-1Yh6",
    "k" * 20,
    "ababababababab",
    "zzzzzzzz",
    "postgresql://me:Hq81xZ77@db",
)
REGISTERED = Registered.from_values((f"V{number}", value) for number, value in enumerate(VALUES))
PIECES = (
    *(value[:length].encode() for value in VALUES for length in (3, 8, 11, 14, 99)),
    *(value[-length:].encode() for value in VALUES for length in (3, 8, 11)),
    *(
        b"...",
        b"..",
        b"\xe2\x80\xa6",
        b"'+12",
        b"***",
        b" ",
        b"\n",
        b" \xe2\x94\x82\n\xe2\x94\x82 ",
        b"\x1b[1m",
        b"k",
        b"z",
        b"ab",
    ),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8), st.lists(st.integers(0, 10**6), max_size=5))
def test_pieces_are_found_whatever_the_chunks(pieces: "list[bytes]", places: "list[int]") -> None:
    text = b"".join(pieces)
    borders = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    outs: list[bytes] = []
    for chunks in ([text], [text[a:b] for a, b in itertools.pairwise(borders)], [bytes((byte,)) for byte in text]):
        scrubber = StreamScrubber(REGISTERED)
        outs.append(b"".join(map(scrubber.feed, chunks)) + scrubber.finish())

    assert outs[0] == outs[1] == outs[2]
    assert outs[0].count(b"\n") == text.count(b"\n")


REPEATED = (
    "aaaaaaaa",
    "aaaaaaaaaaaab",
    "abababababab",
    "babababababa",
    "abcabcabcabcabc",
    "aabaabaabaaa",
    "cccccccccc",
)


def masked_everywhere(text: str, values: "tuple[str, ...]") -> str:
    """A text in which all that overlapping occurrences of values cover is one mask."""
    finds = sorted(
        (place, -len(value)) for value in values for place in range(len(text)) if text.startswith(value, place)
    )
    out, end = "", 0
    for start, size in finds:
        if start >= end:
            out += text[end:start] + "[masked:]"
        end = max(end, start - size)
    return out + text[end:]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.sampled_from(("a", "b", "c", "ab", "ba", "abc", "aab")).flatmap(
            lambda word: st.integers(1, 9).map(word.__mul__)
        )
    ),
    st.integers(1, 40),
)
def test_values_that_repeat_themselves_are_found_wherever_they_stand(rows: "list[str]", size: int) -> None:
    text = "".join(rows)
    registered = Registered.from_values([("", value) for value in REPEATED])
    stage = ValueStage(registered, Counter(), rulebook())
    out = b"".join(stage.feed(text[place : place + size].encode()) for place in range(0, len(text), size))
    out += stage.finish()

    assert out.decode() == masked_everywhere(text, REPEATED)


def test_a_short_value_that_repeats_itself_is_found_wherever_blanks_leave_it_whole() -> None:
    registered = Registered.from_values([("V", "aaaaaaaa")])

    assert scrub_text("a" * 11 + " aaa", registered) == "[masked:V] aaa"
    assert scrub_text("aaa " + "a" * 11, registered) == "aaa [masked:V]"


def test_a_row_without_end_comes_out_as_one_mask() -> None:
    scrubber = StreamScrubber(Registered.from_values([("V", "aaaaaaaa")]))
    given = [scrubber.feed(b"a" * 1000) for _ in range(100)]

    assert b"".join(given) + scrubber.feed(b" end\n") == b"[masked:V] end\n"
    assert scrubber.hits == {"V": 1}


@pytest.mark.parametrize("tail", ["Q", "-tail", "Q" * 9])
@pytest.mark.parametrize("behind", ["piece", "three pieces", "token", "address"])
def test_a_piece_before_what_is_masked_is_masked_at_once(tail: str, behind: str) -> None:
    """A second look finds it before the mark; so must the first, which decides what is stored."""
    source = random.Random(len(tail) + len(behind))
    for _ in range(40):
        piece = "".join(source.choices(SIGNS, k=24))
        registered = Registered.from_values([("V", piece + tail)])
        follows = {
            "piece": piece,
            "three pieces": piece * 3,
            "token": "gh" + "p_" + "".join(source.choices(SIGNS, k=36)),
            "address": piece + "://u:" + "".join(source.choices(SIGNS, k=20)) + "@db.example.com/x",
        }[behind]
        once = scrub_text(f"seen {piece}{follows}", registered)

        assert scrub_text(once, registered) == once
        assert behind == "address" or piece[:8] not in once


def test_looks_on_a_line_are_bounded() -> None:
    value = KINDS["hex"](random.Random(5))
    shortened = Shortened(Registered.from_values([("V", value)]))
    text = f"{value[:12]}... ".encode() * 5000

    assert 64 <= len(shortened.find(text, has_begun=True)) < 64 + len(text) // 100


@given(st.text("ab", max_size=30), st.text("ab", max_size=30))
def test_common_beginning(one: str, other: str) -> None:
    length = common(one.encode(), other.encode())

    assert one[:length] == other[:length]
    assert length == min(len(one), len(other)) or one[length] != other[length]


@given(st.text("ab", min_size=1, max_size=6), st.integers(2, 200), st.text("abc", max_size=9))
def test_end_of_a_row(word: str, times: int, rest: str) -> None:
    text = word * times + rest
    expected = next(
        place
        for place in range(len(word), len(text) + 1)
        if place == len(text) or text[place] != text[place - len(word)]
    )

    assert row_end(text.encode(), 0, len(word)) == expected


def test_a_number_is_no_beginning_of_a_value_in_hex() -> None:
    value = "RgErbgVw"  # 52 67 45 72 62 67 56 77
    registered = Registered.from_values([("VALUE", value)])
    digits = value.encode().hex()
    scrubber = StreamScrubber(registered)
    kept = f"rows: 1640{digits[:8]},\n{digits[:12]} row(s)\n".encode()
    told = f"{digits[:14]}\n{digits[:8]}...\n{digits}\n".encode()

    assert (
        scrubber.feed(kept) + scrubber.feed(told) + scrubber.finish()
        == kept + b"[masked:VALUE]\n[masked:VALUE]...\n[masked:VALUE]\n"
    )
