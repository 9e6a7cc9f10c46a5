"""The stream: whatever the chunks, the same bytes, the same lines, no planted secret."""

import itertools
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planes.scrub import Registered, StreamScrubber, scrub_lines
from planes.scrub.registered.encodings import forms
from planes.scrub.rules import RULES
from planes.scrub.rules.samples import fake

VALUES = (
    ("PLAIN", "correct-horse7"),
    ("SHORT", "hun7r"),
    ("QUOTED", 'pa\'ss "w/o\\rd" $1&<x>'),
    ("LINES", "-----BEGIN X-----\nAbCdEfGhIjKlMnOpQrSt\nuVwXyZ0123456789+/ab\n-----END X-----"),
    ("DOCUMENT", '{\n  "type": "service_account",\n  "private_key": "k3y-In-A-Document"\n}'),
    ("NARROW", "a1\nb2\nc3\nd4\ne5"),
    ("OTHER", "rse7-another-one"),
)
REGISTERED = Registered.from_values(VALUES)
PIECES = (
    *(form for _, value in VALUES for form in forms(value)),
    *(fake(rule.sample, 3).encode() for rule in RULES),
    *(
        b"\n",
        b"\r\n",
        b" ",
        b"\t",
        b"\x1b[31m",
        b"\x1b[0m",
        b"\x1b[",
        b"\x1b",
        b"=",
        b":",
        b'"',
        b"'",
        b"\\n",
        b"{",
        b"a1\n",
        b"-----BEGIN ",
    ),
    *(
        b"PRIVATE KEY-----\n",
        b"-----END PRIVATE KEY-----\n",
        b"A" * 64 + b"\n",
        b"password",
        b"token: ",
        b"INFO loaded 3 rows\n",
        b"\xff\x00",
    ),
)


def scrubbed(chunks: "list[bytes]", registered: Registered = REGISTERED) -> bytes:
    scrubber = StreamScrubber(registered)
    return b"".join([*(scrubber.feed(chunk) for chunk in chunks), scrubber.finish()])


def cut(text: bytes, places: "list[int]") -> "list[bytes]":
    borders = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(borders)]


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    pieces: list[bytes] = []
    for _ in range(draw(st.integers(1, 8))):
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=6))
        start = draw(st.integers(0, 4))
        pieces.append(piece[: len(piece) - start] if draw(st.booleans()) else piece)
    return b"".join(pieces)


@settings(max_examples=600, deadline=None)
@given(texts(), st.lists(st.integers(0, 10**6), max_size=6))
def test_output_is_the_same_for_any_split(text: bytes, places: "list[int]") -> None:
    assert scrubbed(cut(text, places)) == scrubbed([text])


@settings(max_examples=200, deadline=None)
@given(texts())
def test_output_is_the_same_byte_by_byte(text: bytes) -> None:
    assert scrubbed([text[place : place + 1] for place in range(len(text))]) == scrubbed([text])


@settings(max_examples=300, deadline=None)
@given(texts())
def test_line_count_is_preserved(text: bytes) -> None:
    assert scrubbed([text]).count(b"\n") == text.count(b"\n")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=6))
def test_scrubbing_again_changes_nothing(pieces: "list[bytes]") -> None:
    once = scrubbed([b" , ".join(pieces)])

    assert scrubbed([once], Registered.empty()) == once


def test_every_mark_is_left_alone_beside_every_sign_of_a_name() -> None:
    for rule in RULES:
        for text in (
            "password={}",
            "token: {}",
            "Bearer {}",
            "https://{}@host/x",
            "https://me:{}@host/x",
            "'api_key': '{}'",
            "{}: x1y2z3",
        ):
            line = text.format(f"[masked:{rule.name}]").encode()

            assert scrubbed([line]) == line


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_every_form_is_masked_at_every_split(name: str, value: str) -> None:
    for form in dict.fromkeys(forms(value)):
        text = b"<<" + form + b">>\n"
        whole = scrubbed([text])

        assert b"[masked:" in whole, form
        assert form not in whole
        for place in range(len(text)):
            assert scrubbed([text[:place], text[place:]]) == whole


def planted(seed: int) -> "Iterator[tuple[bytes, bytes]]":
    source = random.Random(seed)
    signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!@#$%^&*()_+-=[]{}|;':\",./<>?\\` é\n\tß漢"
    for number in range(60):
        value = "x" + "".join(source.choices(signs, k=source.choice((6, 12, 30, 200)))) + str(number) + "x"
        registered = Registered.from_values([("V", value)])
        for form in dict.fromkeys(forms(value)):
            scrubber = StreamScrubber(registered)
            place = source.randrange(len(form))
            out = (
                scrubber.feed(b"before " + form[:place]) + scrubber.feed(form[place:] + b" after\n") + scrubber.finish()
            )
            yield form, out


def test_no_planted_value_survives_in_any_form() -> None:
    for form, out in planted(11):
        solid = form.translate(None, b" \t\r\n\x0b\x0c")
        if len(solid) < 5:
            continue
        assert solid not in out.translate(None, b" \t\r\n\x0b\x0c")
        assert out.startswith(b"before ")
        assert out.rstrip(b"\n").endswith(b" after")


def test_value_split_by_colour_codes_is_found_at_every_place() -> None:
    for place in range(1, 14):
        text = b"got correct-horse7 now\n".replace(
            b"correct-horse7", b"correct-horse7"[:place] + b"\x1b[0m\x1b[1;31m" + b"correct-horse7"[place:]
        )

        assert scrubbed([text]) == b"got [masked:PLAIN] now\n"


def test_colour_code_inside_a_value_may_be_cut_anywhere() -> None:
    text = b"got correct-\x1b[0m\x1b[1;31mhorse7 now\n"
    for place in range(len(text)):
        assert scrubbed([text[:place], text[place:]]) == b"got [masked:PLAIN] now\n"


def test_endless_blanks_end_the_wait_for_a_value() -> None:
    scrubber = StreamScrubber(REGISTERED)
    scrubber.feed(b"x correct-horse\n")

    given = scrubber.feed(b"\n" * 10_000)

    assert given == b"x correct-horse\n" + b"\n" * 10_000
    assert scrubber.feed(b"7 end\n") == b"7 end\n"
    assert scrubbed([given + b"7 end\n"]) == given + b"7 end\n"


def test_value_wrapped_over_lines_is_found_at_every_place() -> None:
    value = b"correct-horse7"
    for place in range(4, 14):
        text = b"x " + value[:place] + b"\n    " + value[place:] + b" y\n"

        assert scrubbed([text]) == b"x [masked:PLAIN]\n y\n"


@pytest.mark.parametrize("place", [1, 2, 3])
def test_line_that_ends_in_a_tiny_piece_waits_for_nothing_and_the_rest_is_masked(place: int) -> None:
    value = b"correct-horse7"
    scrubber = StreamScrubber(REGISTERED)

    assert scrubber.feed(b"x " + value[:place] + b"\n") == b"x " + value[:place] + b"\n"
    assert scrubber.feed(value[place:] + b" y\n") == b"[masked:PLAIN] y\n"


def test_value_over_lines_leaves_its_lines() -> None:
    value = dict(VALUES)["LINES"].encode()

    assert scrubbed([b"key: " + value + b" end\nnext\n"]) == b"key: [masked:LINES]\n\n\n end\nnext\n"


def test_value_over_lines_is_found_on_one_line() -> None:
    value = dict(VALUES)["LINES"].encode()

    assert scrubbed([b"key: " + value.replace(b"\n", b" ") + b" end\n"]) == b"key: [masked:LINES] end\n"
    assert scrubbed([b"key: " + value.replace(b"\n", b"\r\n") + b" end\r\n"]).startswith(b"key: [masked:LINES]\n")


def test_wrapped_base64_is_found() -> None:
    import base64

    value = "s3cr3t-that-is-long-enough-to-wrap-" * 4
    registered = Registered.from_values([("LONG", value)])
    text = base64.encodebytes(f"user:{value}".encode())

    out = scrubbed([text], registered)

    assert b"[masked:LONG]" in out
    assert out.count(b"\n") == text.count(b"\n")
    for line in text.splitlines()[1:-1]:
        assert line not in out


def test_whole_lines_come_out_at_once() -> None:
    scrubber = StreamScrubber(REGISTERED)

    assert scrubber.feed(b"first line\nsecond") == b"first line\n"
    assert scrubber.feed(b" line\n") == b"second line\n"


def test_beginning_of_a_value_is_held_until_disproved() -> None:
    scrubber = StreamScrubber(REGISTERED)

    assert scrubber.feed(b"-----BEGIN X-----\n") == b""
    assert scrubber.feed(b"something else\n") == b"-----BEGIN X-----\nsomething else\n"


def test_beginning_of_a_value_comes_out_at_the_end() -> None:
    scrubber = StreamScrubber(REGISTERED)
    scrubber.feed(b"-----BEGIN X-----\n")

    assert scrubber.finish() == b"-----BEGIN X-----\n"


def test_hits_count_by_rule_and_name_and_hold_no_value() -> None:
    scrubber = StreamScrubber(REGISTERED)
    sample = fake("ghp_<a36>", 1)
    scrubber.feed(f"correct-horse7 {sample} correct-horse7\n".encode())
    scrubber.finish()

    assert scrubber.hits == {"PLAIN": 2, "github-token": 1}


def test_mask_does_not_depend_on_the_value() -> None:
    masks = {
        scrubbed([b"v " + value.encode() + b"\n"], Registered.from_values([("V", value)]))
        for value in ("abcde", "another-value", "x" * 5000, "line one is long\nline two is long"[:16])
    }

    assert masks == {b"v [masked:V]\n"}


def test_rule_match_never_ends_inside_a_value() -> None:
    value = "tail,with=separators&and;more"
    out = scrubbed([b"password=" + value.encode() + b"\n"], Registered.from_values([("V", value)]))

    assert out == b"password=[masked:V]\n"


def test_overlapping_values_leave_no_part() -> None:
    assert scrubbed([b"<correct-horse7-another-one>\n"]) == b"<[masked:PLAIN]>\n"


def test_scrubber_serves_another_stream_after_the_end() -> None:
    scrubber = StreamScrubber(REGISTERED)
    scrubber.feed(b"co")
    scrubber.finish()

    assert scrubber.feed(b"rrect-horse7\n") + scrubber.finish() == b"rrect-horse7\n"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(max_size=20) | st.sampled_from(["hunter2-secret", "hunter2-", "secret", "password=abc123"]), max_size=12
    )
)
def test_scrub_lines_gives_one_item_for_each(lines: "list[str]") -> None:
    out = list(scrub_lines(lines, ["hunter2-secret"]))

    assert len(out) == len(lines)
    assert not any("hunter2-secret" in line for line in out)


def test_scrub_lines_masks_over_items() -> None:
    lines = ["a hunter2-", "secret b", "c"]

    assert list(scrub_lines(lines, ["hunter2-secret"])) == ["a [masked:secret]", " b", "c"]


def test_scrub_lines_is_lazy() -> None:
    def endless() -> Iterator[str]:
        while True:
            yield "hunter2-secret"

    lines = scrub_lines(endless(), ["hunter2-secret"])

    assert next(lines) == "[masked:secret]"
