"""A value that a printer or a formatter cut into strings over several lines is masked to its end."""

import itertools
import pprint
import random
import re
import string
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planes.scrub import Registered, StreamScrubber, scrub_lines

SIGNS = string.ascii_letters + string.digits


def value(seed: int, *, ends: str = "") -> str:
    source = random.Random(seed)
    words = ["".join(source.choices(SIGNS, k=source.randint(3, 9))) for _ in range(14)]
    return " ".join(["".join(source.choices(SIGNS, k=9)), *words]) + ends


def pieces(text: str, width: int = 30) -> list[str]:
    return textwrap.wrap(text, width, drop_whitespace=False)


def folded(name: str, text: str) -> dict[str, str]:
    cut = pieces(text)
    return {
        "pprint": pprint.pformat({"host": "h", name: text}),
        "narrow": pprint.pformat({"a": {"b": {name: text}}}, width=50),
        "pair": pprint.pformat([(name, text)]),
        "call": f'connect(\n    host="h",\n    {name}="' + '"\n    "'.join(cut) + '",\n)',
        "brackets": f"{name} = (\n" + "\n".join(f"    '{piece}'" for piece in cut) + "\n)",
        "backslash": f'{name} = "' + '" \\\n    "'.join(cut) + '"',
        "sum": f'String {name} = "' + '" +\n    "'.join(cut) + '";',
        "sum at the left": f'{name} = "' + '"\n    + "'.join(cut) + '";',
        "bytes": f"{name}=b'" + "'\n b'".join(cut) + "'",
        "shell": f"export {name}='" + "'\\\n'".join(cut) + "'",
        "folded": f"{name}: >-\n" + "\n".join("  " + piece.strip() for piece in cut) + "\nhost: h",
        "double quoted": f'{name}: "' + "\n  ".join(piece.strip() for piece in cut) + '"\nhost: h',
        "joined lines": f'{name}: "' + "\\\n  ".join(cut) + '"\nhost: h',
        "traceback": f'    connect(1, {name}="' + '"\n    ~~~^^^\n    "'.join(cut) + '")',
        "box": f"│ {name} = '" + "'\n│            '".join(cut) + "' │",
    }


SHAPES = sorted(folded("x", value(0)))


def left(text: str, out: str) -> list[str]:
    """Five signs in a row of the value that came through."""
    windows = (text[place : place + 5] for place in range(len(text) - 4))
    return [window for window in windows if window in out]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_value_beside_its_name_is_masked_over_joints(shape: str) -> None:
    for name in ("password", "client_secret", "DB_PASSWORD"):
        text = folded(name, value(1))[shape]

        assert not left(value(1), "\n".join(scrub_lines(text.split("\n"), [])))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_registered_value_is_masked_over_joints(shape: str) -> None:
    for ends in ("", "'x", "\\", '""q"'):
        text = folded("note", value(2, ends=ends))[shape]

        assert not left(value(2), "\n".join(scrub_lines(text.split("\n"), [value(2, ends=ends)])))


@pytest.mark.parametrize("shape", [*SHAPES, "before another string"])
def test_what_stands_beside_a_registered_value_stays(shape: str) -> None:
    another = "'" + "'\n'".join(pieces(value(2))) + "'\n'another'"
    text = {**folded("note", value(2)), "before another string": another}[shape]
    before, after = text[: text.index(value(2)[:9])], text[text.rindex(value(2)[-3:]) + 3 :]
    scrubber = StreamScrubber(Registered.from_values([("NOTE", value(2))]))
    out = (scrubber.feed(text.encode()) + scrubber.finish()).decode()

    assert re.fullmatch(rf"{re.escape(before)}\[masked:NOTE\]\n*{re.escape(after)}", out), out


@settings(max_examples=60)
@given(st.sampled_from(SHAPES), st.integers(0, 3), st.lists(st.integers(1, 400), max_size=6))
def test_chunks_change_nothing_at_joints(shape: str, seed: int, borders: list[int]) -> None:
    registered = Registered.from_values([("NOTE", value(seed))])
    text = ("loaded 'x'\n" + folded("note", value(seed))[shape] + "\n'y'\n").encode()
    whole = StreamScrubber(registered)
    scrubber = StreamScrubber(registered)
    cuts = [0, *sorted(borders), len(text)]
    chunked = b"".join(scrubber.feed(text[first:last]) for first, last in itertools.pairwise(cuts))

    assert chunked + scrubber.finish() == whole.feed(text) + whole.finish()


@pytest.mark.parametrize(
    "text",
    [
        "password = '***'\n    'a line of text'",
        "columns = ('password',\n           'token',\n           'created_at')",
        "raise ValueError('token is missing '\n                 'from the settings')",
        "--token $TOKEN \\\n  --region eu-central-1",
    ],
)
def test_texts_beside_a_name_without_a_value_stay(text: str) -> None:
    assert "\n".join(scrub_lines(text.split("\n"), [])) == text


def test_a_joint_does_not_hold_a_line() -> None:
    scrubber = StreamScrubber(Registered.from_values([("NOTE", value(3))]))

    assert scrubber.feed(b"loaded 'orders'\n") == b"loaded 'orders'\n"
