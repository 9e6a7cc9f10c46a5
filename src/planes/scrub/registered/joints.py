"""Joints: what stands between the pieces into which a printer or a formatter cuts one text.

`pprint`, formatters of code and people break a long text into strings side by side (`'correct horse '` on one line,
`'battery'` on the next), into a sum of strings, or by a backslash at a line's end. White space is taken out elsewhere.
"""

import re

# Between two quotes: a sign that adds, the marks that a traceback puts below a line of code, the kind of a string.
_INSIDE = rb"[\\+&.]?[~^]{0,200}[bBrRuUfF]{0,2}"
JOINT = re.compile(rb"[\"']" + _INSIDE + rb"[\"']|\\")
# A joint, or the beginning of one at the text's end.
FIRST = re.compile(rb"[\"']" + _INSIDE + rb"(?:[\"']|\Z)|\\")
_UNFINISHED = re.compile(rb"[\"']" + _INSIDE + rb"\Z|\\\Z")
# A joint with the white space in it.
IN_TEXT = re.compile(rb"[\"'][ \t\r\n]*[\\+&.]?[ \t\r\n~^]*[bBrRuUfF]{0,2}[\"']|\\(?:\r?\n[ \t]*)?")


class Joined:
    """A text without its joints.

    Attributes:
        text: the text; of a joint that its end cuts short, nothing is left.
    """

    __slots__ = ("_solid", "text")

    def __init__(self, solid: bytes) -> None:
        self._solid = solid
        self.text = _UNFINISHED.sub(b"", without_joints(solid))

    def real_end(self, offset: int) -> int:
        """Where in the text with its joints the byte before `offset` ends."""
        removed = 0
        # Few texts that are looked at hold a form, so the joints are looked up once one was found.
        for match in JOINT.finditer(self._solid):
            if match.start() - removed >= offset:
                break
            removed += match.end() - match.start()
        return offset + removed


def without_joints(solid: bytes) -> bytes:
    """A text without white space, less its joints."""
    return JOINT.sub(b"", solid)
