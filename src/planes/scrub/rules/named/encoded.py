"""Documents in base64 in which a sensitive name has a value: settings and credentials as variables hold them."""

import binascii
import re
from itertools import islice

from planes.scrub.rules.judging import judges
from planes.scrub.rules.model import BEFORE, Rule
from planes.scrub.rules.named.vocabulary import KEY, SOURCE

_URL_SIGNS = bytes.maketrans(b"-_", b"+/")
_MEMBER = re.compile(rb"\"([^\"\\]{1,80})\\?\"[ \t\r\n]*:[ \t\r\n]*\\?\"((?:[^\"\\]|\\[^\"])+)")
_NAME = re.compile(KEY + rb"\Z", re.IGNORECASE)
# So many members of one document are looked at.
_MOST = 1024


def _document(line: bytes, begin: int, start: int, end: int) -> int:
    """A JSON document that is text, with a value that would be masked if it stood there as it is."""
    del begin
    encoded = line[start:end].rstrip(b"=").translate(_URL_SIGNS)
    try:
        text = binascii.a2b_base64(encoded[: len(encoded) // 4 * 4])
        text.decode()
    except ValueError:
        return -1
    for member in islice(_MEMBER.finditer(text), _MOST):
        name = _NAME.search(member[1])
        if name is not None and judges.quoted(text, member.start(1) + name.start(), *member.span(2)) > 0:
            return end
    return -1


ENCODED_RULES: tuple[Rule, ...] = (
    Rule(
        "named-in-base64",
        "name",
        # `{"`, `[{"`, and a brace with a blank or the end of a line behind it
        (b"eyJ", b"W3si", b"eyAi", b"ewog", b"ewoJ", b"ew0K"),
        rb"",
        BEFORE.replace("0-9A-Za-z", "0-9A-Za-z+/_-", 1).encode()
        + rb"(?P<secret>(?:eyJ|W3si|eyAi|ewo[gJ]|ew0K)[0-9A-Za-z+/_-]{24,}={0,2})",
        SOURCE,
        # a password of letters that `pa` stands before
        "eyJwYXNzd29yZCI6ICAi" + "cGF<a1>" * 9 + "cGFzIn0=",
        _document,
    ),
)
