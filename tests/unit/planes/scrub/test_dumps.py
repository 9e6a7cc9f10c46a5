"""Dumps of bytes: a value that rows tear apart is found in their bytes, whatever the chunks, and all else stays."""

import random
import re
from collections.abc import Callable

import pytest

from planes.scrub import Registered, StreamScrubber, scrub_text
from planes.scrub.quiet import is_quiet
from planes.scrub.rulebook import rulebook
from planes.scrub.rules.samples import fake

VALUE = fake("<a24>7<a9>")
REGISTERED = Registered.from_values([("MAIN", VALUE)])


def _rows(data: bytes, size: int, row: "Callable[[int, bytes], str]") -> str:
    return "".join(row(place, data[place : place + size]) + "\n" for place in range(0, len(data), size))


def _shown(piece: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in piece)


def _pairs(piece: bytes) -> str:
    return " ".join(f"{byte:02x}" for byte in piece)


def _xxd(place: int, piece: bytes) -> str:
    return f"{place:08x}: {piece.hex(' ', -2):39}  {_shown(piece)}"


def _canonical(place: int, piece: bytes) -> str:
    return f"{place:08x}  {_pairs(piece[:8]):23}  {_pairs(piece[8:]):23}  |{_shown(piece)}|"


def _words(place: int, piece: bytes, size: int = 2) -> str:
    padded = piece + b"\0" * (-len(piece) % size)
    return f"{place:07x} " + " ".join(padded[start : start + size][::-1].hex() for start in range(0, len(padded), size))


def _letters(place: int, piece: bytes) -> str:
    return f"{place:07o}" + "".join({"\n": "  \\n"}.get(chr(byte), f"   {chr(byte)}") for byte in piece)


DUMPS = {
    "xxd": _xxd,
    "hexdump -C": _canonical,
    "hexdump": _words,
    "od -t x8": lambda place, piece: _words(place, piece, 8),
    "od -c": _letters,
    "od -t x1": lambda place, piece: f"{place:07o} {_pairs(piece)}",
    "od -t x1z": lambda place, piece: f"{place:06x} {_pairs(piece):47}  >{_shown(piece)}<",
    "tcpdump -X": lambda place, piece: f"\t0x{place:04x}:  {piece.hex(' ', -2):39}  {_shown(piece)}",
    "openssl": lambda place, piece: f"{place:04x} - {_pairs(piece[:8])}-{_pairs(piece[8:]):24}   {_shown(piece)}",
}


def dump(name: str, before: str, value: str = VALUE) -> str:
    text = f"{before}host=db\npassword={value}\nhost=db\n"
    return f"loaded 0000 rows\n{_rows(text.encode(), 16, DUMPS[name])}host\n"


def read(text: str) -> bytes:
    """What digits and letters of a dump show, the digits first."""
    rows = [re.sub(r"\[masked:\w[^\]]*\]", " ? ", row) for row in text.split("\n")]
    digits = "".join(
        "".join(re.findall(r"(?<=[ -])[0-9a-f]{2}(?=[ -])|[0-9a-f]{4}(?= )", row[7:] + " ")) for row in rows
    )
    letters = "".join("".join(re.findall(r"(?:^|[>|]|  )([!-~]{1,16})[<|]?$", row)) for row in rows)
    return bytes.fromhex(digits[: len(digits) // 2 * 2]) + letters.encode()


def scrubbed(text: str, registered: Registered, seed: int) -> str:
    source = random.Random(seed)
    scrubber = StreamScrubber(registered)
    data, place, given = text.encode(), 0, b""
    while place < len(data):
        size = source.choice((1, 2, 7, 40, 1000))
        given += scrubber.feed(data[place : place + size])
        place += size
    return (given + scrubber.finish()).decode()


@pytest.mark.parametrize("before", ["", "a", "12345678", "abcdefghijklm"])
@pytest.mark.parametrize("name", DUMPS)
@pytest.mark.parametrize("registered", [Registered.empty(), REGISTERED], ids=["rules", "registered"])
def test_a_value_in_a_dump_is_masked(registered: Registered, name: str, before: str) -> None:
    text = dump(name, before)
    out = scrub_text(text, registered)

    assert out.count("[masked:") == 1
    assert out.count("\n") == text.count("\n")
    assert out.startswith("loaded 0000 rows\n")
    assert out.endswith("\nhost\n")
    assert not any(VALUE[place : place + 8].encode() in read(out) for place in range(len(VALUE) - 7))
    assert len(out) < len(text) - len(VALUE)


@pytest.mark.parametrize("name", DUMPS)
def test_chunks_change_nothing_and_a_second_pass_neither(name: str) -> None:
    rows = _rows(f"sixteen bytes of more, password={VALUE}".encode(), 16, DUMPS[name]).splitlines()
    text = (
        dump(name, "abc")
        + "00"
        + dump(name, "x")
        + "*\n"
        + rows[0]
        + "\n*\n*\n"
        + rows[1]
        + "\n*\n"
        + "\n".join(rows[2:])
        + "\n  0x000"
    )
    once = scrub_text(text, REGISTERED)

    assert {scrubbed(text, REGISTERED, seed) for seed in range(20)} == {once}
    assert scrub_text(once, REGISTERED) == once


@pytest.mark.parametrize("name", DUMPS)
def test_a_dump_without_a_secret_stays(name: str) -> None:
    text = dump(name, "", "***")

    assert scrub_text(text, REGISTERED) == text
    assert (
        scrub_text("0000 rows\n00000000: no digits\n00000000  7b22\n0.0000\n")
        == "0000 rows\n00000000: no digits\n00000000  7b22\n0.0000\n"
    )


def test_a_long_dump_is_let_go_and_a_value_at_a_border_found() -> None:
    source = random.Random(7)
    noise = source.randbytes(4096 - 24)
    text = _rows(noise + f"\npassword={VALUE}\n".encode() + source.randbytes(4096), 16, _xxd)
    scrubber = StreamScrubber(Registered.empty())
    first = scrubber.feed(text.encode())
    out = (first + scrubber.finish()).decode()

    assert first.count(b"\n") > 256
    assert out.count("[masked:named-plain]") == 1
    assert out.count("\n") == text.count("\n")
    assert scrubber.hits == {"named-plain": 1}


@pytest.mark.parametrize("name", DUMPS)
def test_the_scan_for_signs_tells_of_dumps_too(name: str) -> None:
    """So ordinary text is read once for both."""
    rows = _rows(b"one two three four", 16, DUMPS[name])

    assert is_quiet(rulebook(), b"ordinary text\n")
    assert not is_quiet(rulebook(), b"ordinary text\n" + rows.encode())


@pytest.mark.parametrize("name", ["xxd", "hexdump -C", "od -t x1z", "tcpdump -X", "openssl"])
def test_the_last_row_of_a_dump_is_served_at_once(name: str) -> None:
    for text in (b"sixteen and more bytes", b"ten  bytes"):
        rows = _rows(text, 16, DUMPS[name]).encode()

        assert StreamScrubber(REGISTERED).feed(rows) == rows


@pytest.mark.parametrize("rows", ["0000 10\n", "0000 1042\n", "0000 10 20\n0010 11 21\n", "00000000 no digits\n"])
def test_a_table_of_numbers_is_no_dump_and_waits_for_nothing(rows: str) -> None:
    assert StreamScrubber(REGISTERED).feed(rows.encode()) == rows.encode()


def test_rows_whose_places_do_not_follow_each_other_are_no_dump() -> None:
    rows = b"".join(b"%04d deadbeef cafebabe\n" % number for number in range(100))
    given = StreamScrubber(REGISTERED).feed(rows)

    assert given == rows


def test_a_dump_goes_on_behind_rows_that_are_left_out() -> None:
    data = bytes(64) + f"password={VALUE}\n".encode()
    rows = [_canonical(place, data[place : place + 16]) for place in range(0, len(data), 16)]
    text = "\n".join([rows[0], "*", *rows[4:], f"{len(data):08x}", ""])
    out = scrub_text(text, Registered.empty())

    assert out.count("[masked:named-plain]") == 1
    assert not any(VALUE[place : place + 8].encode() in read(out) for place in range(len(VALUE) - 7))


def test_dumps_one_below_the_other_are_read_apart() -> None:
    rows = _rows(b"sixteen bytes of", 16, _xxd) + _rows(f"password={VALUE}\n".encode(), 16, _xxd)

    assert scrub_text(rows, Registered.empty()).startswith(_rows(b"sixteen bytes of", 16, _xxd))
    assert scrub_text(rows, Registered.empty()).count("[masked:named-plain]") == 1


def _elsewhere(row: str) -> str:
    return f"{int(row[:8], 16) + 0x1F40:08x}{row[8:]}"


def _coloured(row: str) -> str:
    """As `xxd -R always` draws it: each byte, in digits and as a letter."""
    shown = len(row) - len(row[51:].lstrip())
    digits = re.sub(r"([0-9a-f]{2})(?=[0-9a-f ]|$)", "\x1b[1;32m\\1\x1b[0m", row[10:49])
    letters = "".join(f"\x1b[1;32m{letter}\x1b[0m" for letter in row[51:])
    return f"{row[:10]}{digits}{row[49:51]}{letters}" if shown else row


MOVED: dict[str, Callable[[str], str]] = {
    "past zero": _elsewhere,
    "behind a prefix": lambda row: f"2026-01-02T03:04:05Z INFO net: {row}",
    "behind a container's name, past zero": lambda row: f"loader-1  | {_elsewhere(row)}",
    "quoted": lambda row: f"> {row}",
    "far to the right": lambda row: " " * 14 + row,
    "with its place in colour": lambda row: f"\x1b[36m{row[:8]}\x1b[0m{row[8:]}",
    "without places": lambda row: row[10:58].rstrip(),
}
PLAIN = re.compile(r"\x1b\[[0-9;]*m")


def moved(name: str, how: str) -> str:
    data = f"host=db\npassword={VALUE}\nhost=db.example.com\n".encode()
    rows = [MOVED[how](row) for row in _rows(data, 16, DUMPS[name]).splitlines()]
    return "loaded 12 rows\n" + "\n".join(rows) + "\nhost\n"


@pytest.mark.parametrize("how", MOVED)
@pytest.mark.parametrize("registered", [Registered.empty(), REGISTERED], ids=["rules", "registered"])
def test_a_dump_is_read_wherever_it_begins(registered: Registered, how: str) -> None:
    text = moved("hexdump -C", how)
    out = scrub_text(text, registered)

    assert out.count("[masked:") == 1
    assert out.count("\n") == text.count("\n")
    assert VALUE[8:16].encode().hex(" ") not in out
    assert {scrubbed(text, registered, seed) for seed in range(10)} == {out}
    assert scrub_text(out, registered) == out


def test_a_dump_in_colours_is_read_without_them() -> None:
    rows = _rows(f"host=db\npassword={VALUE}\n".encode(), 16, _xxd).splitlines()
    out = scrub_text("\n".join(map(_coloured, rows)) + "\n", REGISTERED)

    assert PLAIN.sub("", scrub_text("\n".join(map(_coloured, ["loaded", *rows[:1]])) + "\n")).count("host=db") == 1
    assert PLAIN.sub("", out).count("[masked:MAIN]") == 1
    assert VALUE[8:16].encode().hex(" ", -2) not in PLAIN.sub("", out)
    assert {scrubbed("\n".join(map(_coloured, rows)) + "\n", REGISTERED, seed) for seed in range(10)} == {out}


def test_bytes_as_a_header_of_c_holds_them_are_read() -> None:
    data = f"password={VALUE}".encode()
    pieces = [data[place : place + 12] for place in range(0, len(data), 12)]
    rows = ",\n".join("  " + ", ".join(f"0x{byte:02x}" for byte in piece) for piece in pieces)
    out = scrub_text(f"unsigned char env[] = {{\n{rows}\n}};\n", REGISTERED)

    assert out.count("[masked:MAIN]") == 1
    assert "0x70, 0x61, 0x73, 0x73" in out
    assert f"0x{ord(VALUE[12]):02x}, 0x{ord(VALUE[13]):02x}, 0x{ord(VALUE[14]):02x}" not in out


@pytest.mark.parametrize("before", ["", "  ", "loader-1  | "])
@pytest.mark.parametrize("kept", [4, 2, 1])
def test_the_end_of_a_value_in_a_short_last_row_is_left_out(kept: int, before: str) -> None:
    data = f"{'q' * (24 - len(VALUE) % 12 + kept)}{VALUE}".encode()
    rows = [", ".join(f"0x{byte:02x}" for byte in data[place : place + 12]) for place in range(0, len(data), 12)]
    out = scrub_text("\n".join(before + row for row in rows) + "\n", REGISTERED)

    assert len(data) % 12 == kept
    assert out.count("[masked:MAIN]") == 1
    assert rows[-1] not in out


def test_a_table_of_two_digits_is_no_dump_that_is_held_back() -> None:
    table = b"".join(
        b" ".join(b"%02d" % (13 * (row + 1) * column % 100) for column in range(30)) + b"\n" for row in range(9)
    )

    assert StreamScrubber(REGISTERED).feed(b"loaded\n" + table) == b"loaded\n" + table
