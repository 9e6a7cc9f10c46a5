"""Texts as the eye reads them, beside the bytes as they are: without colour codes, or without white space too.

A secret may be printed with colour codes inside, or wrapped over lines. So matching runs over a *shadow* from which
those bytes are removed, and what is found is carried back to the places in the real bytes.
"""

import re
from bisect import bisect_right
from itertools import accumulate, compress

WHITE = b" \t\r\n\x0b\x0c"
# CSI sequences (colour and its relatives) and the character-set switch that `tput sgr0` prints.
COLOUR = re.compile(rb"\x1b(?:\[[0-?]{0,64}[ -/]{0,4}[@-~]|[()][0-9A-Z])")
# The bars of boxes into which programs fold long lines (`│`, `┃`).
_BAR = rb"\xe2\x94[\x82\x83]"
BAR_START = b"\xe2\x94"
BARS = re.compile(_BAR)
_COLOUR_OR_BAR = re.compile(rb"%s|%s" % (COLOUR.pattern, _BAR))
# A sequence that the end of the text cuts short.
_CUT_COLOUR = re.compile(rb"\x1b(?:\[[0-?]{0,64}[ -/]{0,4}|[()])?\Z")
_STEP = 256
_SOLID = bytes(byte not in WHITE for byte in range(256))


def without_colour(text: bytes) -> bytes:
    """The text less its colour codes; the same object if there are none."""
    return COLOUR.sub(b"", text) if text.find(b"\x1b") >= 0 else text


def may_have_frames(text: bytes) -> bool:
    """Whether colour codes or bars of boxes may stand in the text, or begin at its end."""
    # one byte is found many times as fast as two
    return text.find(b"\x1b") >= 0 or (text.find(b"\xe2") >= 0 and (BAR_START in text or text.endswith(b"\xe2")))


def without_frames(text: bytes) -> bytes:
    """The text less its colour codes and the bars of boxes; the same object if there are none."""
    if text.find(b"\xe2") >= 0 and BAR_START in text:
        return _COLOUR_OR_BAR.sub(b"", text)
    return without_colour(text)


def cut_frame_start(text: bytes) -> int:
    """Where an unfinished colour code or bar at the end of `text` begins; its length if there is none."""
    if text.endswith((b"\xe2", BAR_START)):
        return text.rindex(b"\xe2")
    if text[-80:].find(b"\x1b") < 0:
        return len(text)
    match = _CUT_COLOUR.search(text, max(0, len(text) - 80))
    return match.start() if match else len(text)


class ColourMap:
    """Carries offsets in `without_colour(text)`, or `without_frames(text)`, back to offsets in `text`."""

    __slots__ = ("_real", "_shadow")

    def __init__(self, text: bytes, *, frames: bool = False) -> None:
        self._shadow = [0]
        self._real = [0]
        pattern = _COLOUR_OR_BAR if frames else COLOUR
        if frames or text.find(b"\x1b") >= 0:
            removed = 0
            for match in pattern.finditer(text):
                removed += match.end() - match.start()
                self._shadow.append(match.end() - removed)
                self._real.append(match.end())

    def real(self, offset: int) -> int:
        """The place of the shadow's byte `offset`."""
        place = bisect_right(self._shadow, offset) - 1
        return self._real[place] + offset - self._shadow[place]

    def real_end(self, offset: int) -> int:
        """The place just behind the shadow's byte `offset - 1`."""
        return self.real(offset - 1) + 1 if offset else 0


class WhiteMap:
    """Carries offsets in `text.translate(None, WHITE)` back to offsets in `text`."""

    __slots__ = ("_block", "_counts", "_places", "_text")

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._counts = [
            0,
            *accumulate(
                len(text[place : place + _STEP].translate(None, WHITE)) for place in range(0, len(text), _STEP)
            ),
        ]
        self._block = -1
        self._places: list[int] = []  # of the solid bytes of that block

    def real(self, offset: int) -> int:
        """The place of the shadow's byte `offset`; the text's length if it has no such byte."""
        counts = self._counts
        block = self._block
        if block < 0 or not counts[block] <= offset < counts[block + 1]:
            block = bisect_right(counts, offset) - 1
            if block + 1 >= len(counts):
                return len(self._text)
            self._block = block
            first = block * _STEP
            is_solid = self._text[first : first + _STEP].translate(_SOLID)
            self._places = list(compress(range(first, first + _STEP), is_solid))
        return self._places[offset - counts[block]]
