"""Cutting a byte stream into lines of bounded length."""

import re

MAX_LINE_BYTES = 256 * 1024
CONTINUES = b" [line continues]"
_MASK = b"[masked:"
# A mask is shorter: it names a rule or a variable.
_MASK_BYTES = 512
# A colour code has 64 bytes of numbers at most (`planes.scrub.display`).
_CODE_BYTES = 72
_WHOLE_CODE = re.compile(rb"\x1b(?:\[[0-9;:]*[^0-9;:]|[^\[])")


class LineSplitter:
    """Holds the unfinished line of one stream; gives back only whole lines.

    A line longer than `max_line_bytes` (at least 4) comes out in pieces; each but the last ends with `CONTINUES`.
    Memory stays within one piece and one chunk, however long the line is.
    """

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._max = max_line_bytes
        self._held = bytearray()

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing."""
        return not self._held

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk; return the lines it finished, each with its newline."""
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._held += chunk
            return self._cut_held() if len(self._held) > self._max else b""
        whole = bytes(self._held) + chunk[:end] if self._held else chunk[:end]
        self._held = bytearray(chunk[end:])
        if len(whole) > self._max:
            whole = b"".join(self._bounded(line) for line in whole[:-1].split(b"\n"))
        return whole + self._cut_held() if len(self._held) > self._max else whole

    def finish(self) -> bytes:
        """The stream has ended: return what is held as a last line, or nothing."""
        rest = bytes(self._held)
        self._held.clear()
        return rest + b"\n" if rest else b""

    def _cut_held(self) -> bytes:
        pieces: list[bytes] = []
        start = 0
        while len(self._held) - start > self._max:
            end = piece_end(self._held, start, start + self._max)
            pieces.append(bytes(self._held[start:end]))
            start = end
        del self._held[:start]
        return b"".join(piece + CONTINUES + b"\n" for piece in pieces)

    def _bounded(self, line: bytes) -> bytes:
        pieces: list[bytes] = []
        start = 0
        while len(line) - start > self._max:
            end = piece_end(line, start, start + self._max)
            pieces.append(line[start:end] + CONTINUES)
            start = end
        pieces.append(line[start:])
        return b"\n".join(pieces) + b"\n"


def piece_end(text: bytes | bytearray, start: int, end: int) -> int:
    """Where to cut a piece that begins at `start`: at most at `end`, within no character, no mask and no colour code.

    The name in a mask that went on in the next line could not be told from text, and viewers may not know it.
    """
    mask = text.rfind(_MASK, max(start, end - _MASK_BYTES), end)
    if mask > start and text.find(b"]", mask, end) < 0:
        return mask
    code = text.rfind(b"\x1b", max(start + 1, end - _CODE_BYTES), end)
    if code >= 0 and _WHOLE_CODE.match(text, code, end) is None:
        return code
    begun = text.rfind(b"[", max(start + 1, end - len(_MASK)), end)
    if begun >= 0 and _MASK.startswith(text[begun:end]):
        return begun
    return character_border(text, end)


def character_border(text: bytes | bytearray, end: int) -> int:
    """The last place at or up to three bytes before `end` that does not cut a UTF-8 character in two."""
    for place in range(end, max(end - 4, 0), -1):
        if text[place] & 0xC0 != 0x80:
            return place
    return end
