"""Private keys in text blocks. The markers stay, what stands between them goes.

Over several lines the line stage follows a block from its opening line on (`OPENING`, `BODY`); the rule here finds the
ones that stand on one line, with their line borders as they are, escaped, or gone.
"""

import base64
import re

from planes.scrub.rules.judging import key_judges
from planes.scrub.rules.model import Rule

_MARKER = rb"-----BEGIN [0-9A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"

# What stands before the kind of a key that it names, and the beginnings of whole blocks in base64.
_KINDS = ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ", "ANY ", "PGP ")
SIGN_IN_BASE64 = b"LS0tLS1CRUdJTi"
_IN_BASE64 = b"|".join(
    base64.b64encode(text[: len(text) // 3 * 3])
    for text in (f"-----BEGIN {kind}PRIVATE KEY-----".encode() for kind in _KINDS)
)
# A line that opens a block: nothing but quotes, escapes and blanks may follow the marker.
OPENING = rb"(?:" + _MARKER + rb"|Private-Lines: [0-9]+)[ \t\r\"'`,\\nr(]{0,20}$"
# A line inside a block: an armour header, or base64 with what may stand around it. Empty lines are also inside.
BODY = (
    rb"^[ \t|>#+*\"'`-]*(?:(?P<secret>[0-9A-Za-z+/]+={0,2}|=[0-9A-Za-z+/]{4})"
    rb"|(?P<header>(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID|Subject): [^\n]*))"
    rb"(?:[ \t\r\"'`,;)\\+]|\\[nr])*$"
)

_BEGINNINGS = (b"-----BEGIN ", b"---- BEGIN ", b"Private-Lines: ", SIGN_IN_BASE64)
_LONGEST_PREFIX = 160
_NUMBER = re.compile(rb"[0-9]+")
_LETTER = re.compile(rb"[0-9A-Za-z]")

# The first line of a block in base64 that goes on below, and the widths to which commands break it.
_FIRST_IN_BASE64 = re.compile(rb"(?:^|[^0-9A-Za-z+/])((?:%s)[0-9A-Za-z+/]*)[ \t\r]*$" % _IN_BASE64)
_WIDTHS = (64, 76)


def width_in_base64(line: bytes) -> int:
    """How wide the rows of a block in base64 are whose first row ends a line; 0: none does."""
    first = _FIRST_IN_BASE64.search(line)
    return len(first[1]) if first and len(first[1]) in _WIDTHS else 0


def prefix_of(opening: bytes) -> "re.Pattern[bytes] | None":
    """What a log puts before each line of a block, if it put something before the line that opens it.

    Times and counters differ from line to line, the rest does not.
    """
    end = max(map(opening.rfind, _BEGINNINGS))
    prefix = opening[:end]
    if not 0 < end <= _LONGEST_PREFIX or not _LETTER.search(prefix):
        return None
    return re.compile(b"[0-9]+".join(map(re.escape, _NUMBER.split(prefix))))


BLOCK_RULES: tuple[Rule, ...] = (
    Rule(
        "private-key",
        "key-block",
        (b"PRIVATE KEY", b"Private-Lines: "),
        b"",
        rb"(?:" + _MARKER + rb")(?:\\+[nr]|[ \t\"',+])*(?:[A-Z][A-Za-z-]{3,12}: [0-9A-Za-z,. -]{1,100}(?:\\+[nr])+)*"
        rb"(?P<secret>[0-9A-Za-z+/](?:[0-9A-Za-z+/= \t\"',]|\\+[nr/])*[0-9A-Za-z+/=])",
        "RFC 7468, RFC 4880, OpenSSH PROTOCOL.key: textual encodings",
        "-----BEGIN PRIVATE KEY-----\\n<b64>\\n<b64>\\n-----END PRIVATE KEY-----",
    ),
    Rule(
        "private-key-in-base64",
        "key-block",
        (SIGN_IN_BASE64,),
        b"",
        rb"(?P<secret>(?:" + _IN_BASE64 + rb")[0-9A-Za-z+/_-]{8,}(?:(?:\\+[nr])+[0-9A-Za-z+/_-]+)*={0,2})",
        "RFC 7468: textual encodings, in base64",
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1J<b64>",
    ),
    Rule(
        "private-key-quoted",
        "key-block",
        (b"PRIVATE%20KEY", b"PRIVATE+KEY"),
        b"",
        rb"PRIVATE(?:%20|\+)KEY(?:(?:%20|\+)BLOCK)?(?:-|%2[Dd]){5}(?:%0[ADad]|\\+[nr])*"
        rb"(?P<secret>[0-9A-Za-z%+/=]{16,})",
        "RFC 7468: textual encodings, quoted for addresses",
        "-----BEGIN%20PRIVATE%20KEY-----%0A<a64>%0A-----END%20PRIVATE%20KEY-----",
    ),
    Rule(
        "jwk-private-key",
        "token",
        (b'"d"', b'"p"', b'"q"', b'"dp"', b'"dq"', b'"qi"', b'"k"', b"'d'", b"'p'", b"'q'", b"'k'"),
        rb"[ ]?:[ ]?[\"'][0-9A-Za-z_-]{8}",
        rb"[\"'](?:d|p|q|dp|dq|qi|k)[\"'][ ]?:[ ]?[\"'](?P<secret>[0-9A-Za-z_-]{40,})[\"']",
        "RFC 7518: parameters of private keys",
        '{"kty":"EC","d":"<w42>7"}',
        key_judges.key_parameter,
    ),
)
