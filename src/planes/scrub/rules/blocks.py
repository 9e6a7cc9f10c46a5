"""Private keys in text blocks. The markers stay, what stands between them goes.

Over several lines the line stage follows a block from its opening line on (`OPENING`, `BODY`); the rule here finds the
ones that stand on one line, with their line borders as they are, escaped, or gone.
"""

import re

from planes.scrub.rules.judging import key_judges
from planes.scrub.rules.model import Rule

_MARKER = rb"-----BEGIN [0-9A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"

# A line that opens a block: nothing but quotes, escapes and blanks may follow the marker.
OPENING = rb"(?:" + _MARKER + rb"|Private-Lines: [0-9]+)[ \t\r\"'`,\\nr(]{0,20}$"
# A line inside a block: an armour header, or base64 with what may stand around it. Empty lines are also inside.
BODY = (
    rb"^[ \t|>#+*\"'`-]*(?:(?P<secret>[0-9A-Za-z+/]+={0,2}|=[0-9A-Za-z+/]{4})"
    rb"|(?P<header>(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID|Subject): [^\n]*))"
    rb"(?:[ \t\r\"'`,;)\\+]|\\[nr])*$"
)

_LONGEST_PREFIX = 160
_NUMBER = re.compile(rb"[0-9]+")
_LETTER = re.compile(rb"[0-9A-Za-z]")


def prefix_of(opening: bytes) -> "re.Pattern[bytes] | None":
    """What a log puts before each line of a block, if it put something before the line that opens it.

    Times and counters differ from line to line, the rest does not.
    """
    end = max(opening.rfind(b"-----BEGIN "), opening.rfind(b"---- BEGIN "), opening.rfind(b"Private-Lines: "))
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
