# ruff: noqa: E501 - tables of samples are as long as they are
"""Lines that try to drive a terminal: a grammar for hypothesis, and a seeded sample of what it gives."""

from __future__ import annotations

import random

from hypothesis import strategies as st

C0 = [chr(code) for code in range(0x20) if code != 0x0A] + ["\x7f"]
C1 = [chr(code) for code in range(0x80, 0xA0)]
UNSEEN = [
    *map(chr, (0xAD, 0x34F, 0x61C, 0x115F, 0x17B4, 0x180E, 0x3164, 0xFEFF, 0xFFA0, 0xFFF9, 0x1D173, 0xE0001, 0xE0041)),
    *map(chr, [*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10)]),
    *map(chr, (0xE007F, 0xE0100, 0xE01EF)),
]
# What opens a sequence: seven bits, eight bits, and openings that something else cuts short.
CSI, OSC, DCS, APC, PM, SOS = ("\x1b[", "\x9b"), ("\x1b]", "\x9d"), ("\x1bP", "\x90"), ("\x1b_", "\x9f"), ("\x1b^", "\x9e"), ("\x1bX", "\x98")  # fmt: skip
ENDS = ("\x1b\\", "\x9c", "\x07", "", "\x18", "\x1a")
BODIES = (
    "0;title", "2;title", "52;c;aGk=", "52;p;?", "8;;http://x.example", "8;id=a;file:///etc", "4;1;?", "10;?", "1337;File=x", "9;note",
    "$q m", "+q544e", "1$r0m", "Gf=24;AAAA", "777;notify;a;b", "133;A", "11;rgb:00/00/00", "",
)  # fmt: skip
FINALS = "ABCDEFGHJKLMPSTXZ@`abcdefghilnpqrstuvwxyz{|}~"
WORDS = (
    "text",
    "é漢",
    "done 100%",
    "[31m",
    "m",
    "31",
    ";",
    "1m",
    "\\",
    "c",
    "\t",
    " ",
    "x\u0301",
    "😀",
    "⚠\ufe0f",
    "©",
    "[0m",
)
SGR = (
    "", "0", "1", "3", "4", "7", "22", "23", "24", "27", "39", "49", "31", "97", "44", "107", "1;31", "1;3;4;7", "0;1", "01;031", ";;32", "31;",
    "38;5;12", "48;5;0", "38;2;1;2;3", "48;2;0;0;0", "38:5:9", "38:2:1:2:3", "38:2::1:2:3", "48:2:7:1:2:3", "4:3", "4:0", "1;38;5;0", "21",
    "2", "5", "6", "8", "9", "20", "28", "51", "53", "58;5;1", "38", "38;5", "38;5;300", "38;2;1;2", "38:5;8", "38;5:8", "38;2;;1;2;8", "1;8",
    "38:2::1:2:8", "4:8", "1:8", "0:5", "38:2:1;2;8;5", "999999999", "8;;;", "7;5", ";".join("1" * 40), ";".join(["8"] * 40), "?25", ">4;2", "1 ", "4:",
)  # fmt: skip


def _sequence(source: random.Random) -> str:
    kind = source.randrange(6)
    if kind == 0:
        return f"{source.choice(CSI)}{source.choice(SGR)}m"
    if kind == 1:
        private = source.choice(("", "?", ">", "=", "!"))
        numbers = ";".join(str(source.randrange(2100)) for _ in range(source.randrange(4)))
        return f"{source.choice(CSI)}{private}{numbers}{source.choice(('', ' ', '$', '!'))}{source.choice(FINALS)}"
    if kind in (2, 3):
        return source.choice(source.choice((OSC, DCS, APC, PM, SOS))) + source.choice(BODIES) + source.choice(ENDS)
    if kind == 4:
        return "\x1b" + source.choice(
            ("c", "7", "8", "D", "E", "M", "N", "O", "(0", ")B", "%G", "#8", "=", ">", "\x1b", "")
        )
    return source.choice(
        ("\x05", "\x07" * 200, "real\rfake", "ab\b\bxy", "\x0e\x0f", "\u202egpj.exe\u202c", "a\u200bb")
    )


def _piece(source: random.Random) -> str:
    kind = source.randrange(8)
    if kind < 3:
        return _sequence(source)
    if kind == 3:  # cut short, or cut open by something that a terminal obeys in the middle of a sequence
        whole = _sequence(source)
        place = source.randrange(len(whole) + 1)
        return whole[:place] + source.choice(("", *C0, "\x1b", *C1, "\u200b", "\ud800")) + whole[place:]
    if kind == 4:
        return source.choice((*C0, *C1, *UNSEEN, "\udc80", "\ud83d"))
    return source.choice(WORDS)


def hostile_line(seed: int) -> str:
    """One line of up to a dozen pieces, the same for the same seed."""
    source = random.Random(seed)
    return "".join(_piece(source) for _ in range(source.randrange(1, 12)))


# Grammar and chance together: hypothesis shrinks the mixture, the grammar reaches what chance does not.
HOSTILE_LINES = st.lists(
    st.integers(0, 2**32).map(lambda seed: _piece(random.Random(seed)))
    | st.builds("{}{}m".format, st.sampled_from(CSI), st.sampled_from(SGR) | st.text("0123456789;:", max_size=24))
    | st.builds("{}{}{}".format, st.sampled_from([*CSI, *OSC, *DCS]), st.text(max_size=5), st.sampled_from(ENDS)),
    max_size=8,
).map("".join)
