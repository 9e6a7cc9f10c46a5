"""What programs really print, in `prints.txt`, with random values beside sensitive names in place of the real ones.

The file holds the output of libraries and tools: `=== title`, then text with places. `{n}` is a name as in Python,
`{N}` in capitals, `{k}` with hyphens, `{c}` and `{P}` in camel case, `{d}` with dots, `{s}` with blanks;
`{v}` the value, `{pair}` base64 of a user and the value, `{b64}` of the value alone;
`{esc}` and `{cr}` are control signs.
"""

import base64
import random
import re
import string
from pathlib import Path

import pytest
from tests.fakes.chance import SEED

from planes.scrub import Registered, StreamScrubber, scrub_text

TEXTS = (Path(__file__).parent / "prints.txt").read_text(encoding="utf-8")
CONTEXTS = dict(re.findall(r"^=== (.+)\n((?:(?!=== ).*\n)*)", TEXTS, re.MULTILINE))
NAMES = ("password", "api_key", "client_secret", "access_token", "db_password", "secret_key", "auth_token")
LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
SOURCE = random.Random()


@pytest.fixture(autouse=True)
def draws(request: pytest.FixtureRequest) -> None:
    """Whatever ran before, a test draws the same."""
    SOURCE.seed(f"{SEED} {request.node.name}")


def drawn(signs: str, count: int) -> str:
    return "".join(SOURCE.choices(signs, k=count))


def values() -> dict[str, str]:
    """Fresh values, by kind. Each has a letter and a digit, as what a generator makes nearly always has."""
    return {
        "short": drawn(LETTERS, 9) + drawn(string.digits, 1) + drawn(string.ascii_letters, 2),
        "hexadecimal": drawn("abcdef", 1) + drawn(HEX, 30) + drawn(string.digits, 1),
        "base64": drawn(LETTERS + "+/", 38) + "7x",
        "signs": drawn(LETTERS, 4) + drawn("!$*~", 1) + drawn(LETTERS, 5) + "7" + drawn("-_.!", 1) + drawn(LETTERS, 3),
        "long": drawn(LETTERS + "_-", 98) + "7x",
    }


def filled(text: str, name: str, value: str) -> str:
    """A context with its places filled."""
    words = name.split("_")
    places = {
        "n": name,
        "N": name.upper(),
        "k": "-".join(words),
        "c": words[0] + "".join(word.title() for word in words[1:]),
        "P": "".join(word.title() for word in words),
        "d": ".".join(words),
        "s": " ".join(words),
        "v": value,
        "pair": base64.b64encode(f"me:{value}".encode()).decode(),
        "b64": base64.b64encode(value.encode() * 3).decode(),
        "esc": "\x1b",
        "cr": "\r",
    }
    return re.sub(r"\{(n|N|k|c|P|d|s|v|pair|b64|esc|cr)\}", lambda match: places[match[1]], text)


def leaks(value: str, text: str, out: str) -> bool:
    """Whether eight signs of the value, as it was or in base64, came through."""
    out = re.sub(r"\[masked:[^\]]*\]", " ", out)
    pair = base64.b64encode(f"me:{value}".encode()).decode()
    shown = [form for form in (value, pair) if form in text]
    return any(form[place : place + 8] in out for form in shown for place in range(max(1, len(form) - 7)))


def test_there_are_many_contexts() -> None:
    assert len(CONTEXTS) >= 150
    assert all(set("{n}{N}{k}{c}{P}{d}{s}") & set(text) for text in CONTEXTS.values())


@pytest.mark.parametrize("kind", ["short", "hexadecimal", "base64", "signs", "long"])
def test_values_that_programs_print_are_found(kind: str) -> None:
    missed: list[str] = []
    total = 0
    for title, text in CONTEXTS.items():
        for name in SOURCE.sample(NAMES, 3):
            value = values()[kind]
            if kind in ("signs", "base64") and re.search(r"\{v\}:?@|=\{v\}&", text):
                value = re.sub(r"[^0-9A-Za-z]", "x", value)  # such a place needs another spelling of signs
            before = filled(text, name, value)
            out = scrub_text(before)
            total += 1
            if leaks(value, before, out) or (out == before and "{v}" not in text):
                missed.append(f"{title} ({name})")
    print(f"{'prints, ' + kind:28} recall {1 - len(missed) / total:8.3%} of {total:6}")

    assert len(missed) / total <= 0.01, missed


@pytest.mark.parametrize("seed", range(3))
def test_chunks_change_nothing_and_a_second_pass_neither(seed: int) -> None:
    texts = [filled(text, SOURCE.choice(NAMES), values()["short"]) for text in CONTEXTS.values()]
    random.Random(seed).shuffle(texts)
    whole = "".join(texts).encode()
    scrubber = StreamScrubber(Registered.empty())
    pieces: list[bytes] = []
    place = 0
    while place < len(whole):
        size = SOURCE.choice((1, 3, 17, 200, 5000))
        pieces.append(scrubber.feed(whole[place : place + size]))
        place += size
    once = b"".join(pieces) + scrubber.finish()

    assert once == scrub_text(whole.decode()).encode()
    assert scrub_text(once.decode()).encode() == once
    assert once.count(b"\n") == whole.count(b"\n")
