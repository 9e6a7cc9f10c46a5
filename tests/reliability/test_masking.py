"""R16: a thousand registered values at once, in every form, cut at every place; and a hundred megabytes without any."""

from __future__ import annotations

import base64
import html
import json
import random
import shlex
import time
import urllib.parse
from collections.abc import Iterator

import pytest
from tests.reliability.sizes import IS_FULL, sized, tell
from tests.unit.planes.scrub.test_clean_logs import dlt_log, trace
from tests.unit.planes.scrub.test_torture import leaks, random_value

from planes.scrub import Registered, StreamScrubber

VALUES = 1000
TRIED = sized(20, VALUES)
CUTS = sized(6, 4)
# Of so many values each form is cut at every place up to this one.
CUT_EVERYWHERE = sized(1, 12)
LAST_PLACE = 600
CLEAN_MB = sized(4, 100)
CHUNK = 64 * 1024

pytestmark = [pytest.mark.slow] if IS_FULL else []


def values() -> list[str]:
    """Words, signs of every kind, key blocks, documents, addresses, dotenv texts; 6 bytes to 4 KiB."""
    source = random.Random(16)
    return [random_value(source, number) for number in range(VALUES)]


@pytest.fixture(scope="module")
def registered() -> Registered:
    return Registered.from_values((f"V{number}", value) for number, value in enumerate(values()))


def printed(value: str) -> Iterator[tuple[bytes, bytes]]:
    """What programs print of a value by the libraries that they use, and the part that is the value's alone."""
    raw = value.encode()
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            form = encode(b"~" * before + raw + b"~" * 5)
            yield form, form[(0, 2, 3)[before] : (before + len(raw)) * 8 // 6]
    for form in alone(value, raw):
        yield form, form


def alone(value: str, raw: bytes) -> Iterator[bytes]:
    yield raw
    yield base64.b64encode(raw)
    yield base64.encodebytes(raw).rstrip()
    yield base64.b32encode(raw).rstrip(b"=")
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    texts = [
        urllib.parse.quote(value, safe=""),
        urllib.parse.quote_plus(value),
        json.dumps(value)[1:-1],
        json.dumps(json.dumps(value)[1:-1])[1:-1],
        repr(value)[1:-1],
        html.escape(value),
        shlex.quote(value),
        value.replace("'", "''"),
        value.replace("`", "``").replace('"', '`"').replace("$", "`$"),
        "".join(f"\\u{unit:04x}" for unit in memoryview(value.encode("utf-16-le")).cast("H")),
        "\x1b[1m".join((value[: len(value) // 2], value[len(value) // 2 :])) + "\x1b[0m",
    ]
    for text in texts:
        yield text.encode()


def scrub(registered: Registered, *chunks: bytes) -> bytes:
    scrubber = StreamScrubber(registered)
    return b"".join([*map(scrubber.feed, chunks), scrubber.finish()])


@pytest.mark.timeout(3000)
def test_no_eight_bytes_of_a_thousand_values_survive_any_form_and_any_cut(registered: Registered) -> None:
    source = random.Random(17)
    forms = cuts = size = 0
    for number, value in enumerate(values()[:: VALUES // TRIED]):
        is_cut_everywhere = number % (TRIED // CUT_EVERYWHERE) == 6
        for form, part in dict.fromkeys(printed(value.strip())):
            if len(part) < 5:
                continue
            text = b"got <" + form + b">\n"
            whole = scrub(registered, text)

            assert not leaks(part, whole[5:]), (value, form, whole)
            places = range(1, min(len(text), LAST_PLACE) if is_cut_everywhere else len(text))
            for place in places if is_cut_everywhere else source.sample(places, CUTS):
                for between in ((), (b"",)):  # read at once, and after a pause in which nothing came
                    assert scrub(registered, text[:place], *between, text[place:]) == whole, (form, place)
                cuts += 2
            if forms % 8 == 0:  # each byte alone
                assert scrub(registered, *(text[place : place + 1] for place in range(len(text)))) == whole, form
            forms += 1
            size += len(form)
    tell(
        "R16",
        f"{TRIED} of {VALUES} registered values, {forms:,} forms ({size / 1e6:.1f} MB), {cuts:,} cuts: 0 survived",
    )


@pytest.mark.timeout(3000)
def test_clean_logs_are_left_alone_by_a_thousand_values(registered: Registered) -> None:
    scrubber, size, seconds, lines = StreamScrubber(registered), 0, 0.0, list[float]()
    for seed in range(10**6):
        if size >= CLEAN_MB * 10**6:
            break
        source = random.Random(seed)
        clean = "".join(line + "\n" for each in (dlt_log(source), trace(source)) for line in each).encode()
        began = time.process_time()
        out = b"".join(scrubber.feed(clean[place : place + CHUNK]) for place in range(0, len(clean), CHUNK))
        seconds += time.process_time() - began
        size += len(clean)

        assert out == clean
        slow, given, some = StreamScrubber(registered), b"", clean.splitlines(keepends=True)[seed % 10 :: 10]
        for line in some:
            began = time.process_time()
            given += slow.feed(line)
            lines.append(time.process_time() - began)

        assert given + slow.finish() == b"".join(some)
    p99 = sorted(lines)[len(lines) * 99 // 100]

    assert not scrubber.hits
    assert p99 <= 0.005
    tell(
        "R16",
        f"{size / 1e6:.0f} MB of clean logs, {VALUES} values registered: nothing touched, "
        f"{size / 1e6 / seconds:.0f} MB/s of one core, p99 of a line {p99 * 1e6:.0f} µs",
    )
