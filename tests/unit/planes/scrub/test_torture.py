"""Registered values in every form, split everywhere, and bytes of every kind: nothing of a value may come through.

`SCRUB_TORTURE=N` makes it N times as long.
"""

import base64
import itertools
import json
import os
import random
import textwrap
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planes.scrub import Registered, StreamScrubber, scrub_lines
from planes.scrub.registered.encodings import forms
from planes.scrub.shadow import COLOUR, WHITE

SIZE = int(os.environ.get("SCRUB_TORTURE", "1"))
WINDOW = 8
SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&*+-./:;<=>?@^_~\"'\\ \u00e9\u6f22"
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def random_value(source: random.Random, number: int) -> str:
    """A secret of one of the kinds people have."""
    word = "".join(source.choices(LETTERS, k=source.choice((8, 16, 24, 40))))
    kind = number % 8
    if kind == 0:
        body = base64.b64encode(source.randbytes(source.choice((96, 600)))).decode()
        return "-----BEGIN X-----\n" + "\n".join(textwrap.wrap(body, 64)) + "\n-----END X-----"
    if kind == 1:
        return json.dumps({"type": "service_account", "private_key": word, "nested": [{"k": word[::-1]}]}, indent=2)
    if kind == 2:
        return f"postgresql://loader:{word}@db.example.com:5432/main?sslmode=require"
    if kind == 3:
        return f"HOST=localhost\nAPI_TOKEN={word}\nOTHER='{word[::-1]}x'\n"
    if kind == 4:
        return "x" + "".join(source.choices(SIGNS, k=source.choice((7, 20, 400)))) + "x"
    if kind == 5:
        return "".join(source.choices(SIGNS[:-2], k=4096)) if number % 80 == 5 else word[:6]
    return word


def cut(source: random.Random, text: bytes) -> "list[bytes]":
    """Chunks as writes of a job and reads of a pipe make them."""
    places = sorted(source.sample(range(len(text) + 1), min(len(text), source.choice((1, 2, 5)))))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


def scrubbed(chunks: "list[bytes]", registered: Registered) -> bytes:
    scrubber = StreamScrubber(registered)
    return b"".join([*(scrubber.feed(chunk) for chunk in chunks), scrubber.finish()])


def solid(text: bytes) -> bytes:
    return COLOUR.sub(b"", text).translate(None, WHITE)


def leaks(form: bytes, out: bytes) -> bool:
    """Whether some eight bytes of a form in a row (all of a shorter one) stand in the output."""
    wanted, shown = solid(form), solid(out)
    width = min(WINDOW, len(wanted))
    windows = {wanted[place : place + width] for place in range(len(wanted) - width + 1)}
    return any(shown[place : place + width] in windows for place in range(len(shown) - width + 1))


def printed(source: random.Random, form: bytes) -> "Iterator[bytes]":
    """A form as programs print it: on a line, wrapped, indented, coloured inside."""
    yield b"got <" + form + b">\n"
    if len(solid(form)) >= 12:
        width = source.randrange(4, 40)
        pieces = [form[place : place + width] for place in range(0, len(form), width)]
        yield b"got <" + source.choice((b"\n", b"\r\n", b"\n    ")).join(pieces) + b">\n"
    place = source.randrange(1, len(form)) if len(form) > 1 else 0
    yield b"got <" + form[:place] + b"\x1b[1;31m" + form[place:] + b">\n"


@pytest.mark.parametrize("part", range(4))
def test_no_eight_bytes_of_a_value_survive_in_any_form_and_split(part: int) -> None:
    source = random.Random(part)
    for number in range(part * 60 * SIZE, (part + 1) * 60 * SIZE):
        value = random_value(source, number)
        registered = Registered.from_values([("V", value)])
        every = list(dict.fromkeys(form for form in forms(value.strip()) if len(form.strip(WHITE)) >= 5))
        for form in source.sample(every, min(len(every), 12)):
            for text in printed(source, form):
                whole = scrubbed([text], registered)

                assert not leaks(form, whole[5:]), (value, form, whole)
                assert scrubbed(cut(source, text), registered) == whole
                assert whole.count(b"\n") == text.count(b"\n")


def test_a_thousand_values_at_once_are_all_found() -> None:
    source = random.Random(23)
    values = [random_value(source, 6 + 8 * number) for number in range(1000)]
    registered = Registered.from_values((f"V{number}", value) for number, value in enumerate(values))
    encodings = (
        str.encode,
        lambda value: base64.b64encode(value.encode()),
        lambda value: value.encode().hex().encode(),
    )
    text = b"".join(b"row " + source.choice(encodings)(value) + b" end\n" for value in values)
    out = scrubbed(cut(source, text), registered)

    assert out.count(b"\n") == 1000
    assert set(out.splitlines()) == {b"row [masked:V%d] end" % number for number in range(1000)}


def test_base64_of_a_text_around_the_value_is_masked_at_every_offset() -> None:
    value = "correct-horse-battery-7"
    registered = Registered.from_values([("V", value)])
    for before in range(9):
        for encode in (base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes, base64.b32encode):
            encoded = encode(b"user:" + b"~" * before + value.encode() + b"@host/path-that-goes-on")
            out = scrubbed([encoded + b"\n"], registered)

            assert b"[masked:V]" in out, encoded


@settings(max_examples=150 * SIZE, deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_any_bytes_pass_without_an_error_and_keep_their_lines(data: bytes, places: "list[int]") -> None:
    registered = Registered.from_values([("V", "correct-horse7"), ("W", "\x00\udcff\ud800abcdef")])
    borders = [0, *sorted(place for place in places if place < len(data)), len(data)]
    whole = scrubbed([data], registered)

    assert scrubbed([data[a:b] for a, b in itertools.pairwise(borders)], registered) == whole
    assert whole.count(b"\n") == data.count(b"\n")


@settings(max_examples=150 * SIZE, deadline=None)
@given(
    st.lists(st.text(st.characters(), max_size=30), max_size=5),
    st.lists(st.text(st.characters(), max_size=12), max_size=3),
)
def test_any_text_and_any_values_pass_without_an_error(lines: "list[str]", values: "list[str]") -> None:
    assert len(list(scrub_lines(lines, values))) == len(lines)


@settings(max_examples=100 * SIZE, deadline=None)
@given(st.lists(st.sampled_from("0123456789abcdefghij klmnop\n"), max_size=300))
def test_text_without_secrets_comes_out_as_it_is(signs: "list[str]") -> None:
    text = "".join(signs).encode()

    assert scrubbed([text], Registered.from_values([("V", "Correct-Horse7")])) == text


def test_a_document_that_is_a_value_masks_no_braces_and_no_short_words() -> None:
    document = json.dumps({"a": {"b": "real-secret-value-1", "c": "eu", "n": 1}}, indent=2)
    registered = Registered.from_values([("V", document), ("SHORT", "abcd")])
    clean = b'{\n  "a": {\n    "b": "other",\n    "c": "eu",\n    "n": 1\n  }\n}\n{ abcd }\n'

    assert scrubbed([clean], registered) == clean
    assert b"real-secret" not in scrubbed([document.encode()], registered)
