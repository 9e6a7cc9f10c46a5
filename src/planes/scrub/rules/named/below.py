"""Rules for secrets that stand on another line than what tells them. What finds them is `planes.scrub.below`."""

import re

from planes.scrub.rules import RULES
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import FOLLOW, SIGNS, SOURCE

# Names that tell a value only on the next line; on one line, other rules see to them.
_MORE_SIGNS = (b"authorization", b"cookie", b"signature")
# `Password:` in base64, as mail servers ask for it.
ASKED = b"UGFzc3dvcmQ6"


def _below(name: str, signs: tuple[bytes, ...], follow: bytes, sample: str) -> Rule:
    return Rule(name, "name", signs, follow, b"", SOURCE, sample, any_case=True)


NAMED_BELOW = _below("named-below", (*SIGNS, *_MORE_SIGNS), FOLLOW, "password: |\n  <a16>\nhost: x")
NAMED_COLUMN = _below("named-column", SIGNS, FOLLOW, "user,password\nme,<a12>7<a4>\n")
# Opens a manifest, whose kind may tell that its members are secret.
MANIFEST_MEMBER = _below(
    "manifest-member",
    (b"apiversion", b"kind"),
    rb"[\"']?[ \t]*:[ \t]*[\"']?(?:v1|secret)[\"']?,?[ \t\r]*\n",
    "apiVersion: v1\nkind: Secret\nstringData:\n  main: <a16>\n",
)
ASKED_BELOW = _below(
    "asked-below",
    (ASKED.lower(), b"auth plain", b"authenticate plain"),
    b"",
    "334 UGFzc3dvcmQ6\n<b24>\n",
)
# Commands that make one and show it, and name nothing.
MADE_BELOW = _below(
    "made-below",
    (b"openssl rand ", b"pwgen", b"secrets.token_", b"wg genkey", b"wg genpsk", b"/dev/urandom", b"/dev/random"),
    b"",
    "$ openssl rand -hex 32\n<h64>\n",
)
# A line of PgBouncer's file of users: `"loader" "…"`.
LOGIN_LINE = _below("login-line", (b'" "',), rb"[^\" \n]+\"[ \t\r]*\n", '"loader" "<a12>7<a4>"\n')
# Commands of Redis that log in, as its protocol writes them: each argument on a line below its length.
REDIS_BELOW = Rule(
    "redis-below",
    "name",
    (b"AUTH", b"requirepass", b"masterauth"),
    rb"[ \t\r]*\n",
    b"",
    SOURCE,
    "*2\n$4\nAUTH\n$16\n<a16>\n",
)
# The first piece of a token that a screen cut; the signs of all formats tell of it, this is one of them.
CUT_TOKEN = Rule(
    "cut-token",
    "token",
    (b"glpat-",),
    rb"[0-9A-Za-z_.-]{8}",
    b"",
    "how screens cut what is too long for a line",
    "the settings of this workspace were read, and the key is glpat-7<a9>\n<a20> and no more\n",
)
# What joins the parts of tokens, as it is quoted for addresses (also twice), JSON and HTML.
_JOINTS = b"_-."
_QUOTED_JOINTS = (
    *(f"%{nested}{joint:02{case}}" for joint in _JOINTS for case in "xX" for nested in ("", "25", "2525")),
    *(f"{mark}{joint:02{case}}" for joint in _JOINTS for case in "xX" for mark in ("u00", "\\x")),
    *(f"#{joint};" for joint in _JOINTS),
    *(f"#{mark}{joint:02{case}};" for joint in _JOINTS for case in "xX" for mark in "xX"),
)
# Signs that hold what every address quotes, as they stand there and in JSON for web pages.
_SHORTEST_QUOTED = 4
_UNSAFE = re.compile(rb"[$+/:=|~]")
_QUOTED_SIGNS = (
    b"".join(form % byte if _UNSAFE.match(bytes((byte,))) else bytes((byte,)) for byte in sign)
    for rule in RULES
    if rule.kind == "token"
    for sign in rule.signs
    if len(sign) >= _SHORTEST_QUOTED and _UNSAFE.search(sign) and sign == sign.strip()
    for form in (b"%%%02X", b"%%%02x", b"\\u%04x")
)
# A token without the sign of its format: a part of it is escaped.
ESCAPED_TOKEN = Rule(
    "escaped-token",
    "token",
    tuple(dict.fromkeys((*(sign.encode("ascii") for sign in _QUOTED_JOINTS), *_QUOTED_SIGNS))),
    rb"[0-9A-Za-z%\\&]",
    b"",
    "RFC 3986, RFC 8259, HTML: how texts are escaped",
    "GET /callback?with=glpat%2D7<a19> HTTP/1.1",
)
BELOW_RULES: tuple[Rule, ...] = (
    NAMED_BELOW,
    NAMED_COLUMN,
    MANIFEST_MEMBER,
    ASKED_BELOW,
    MADE_BELOW,
    LOGIN_LINE,
    REDIS_BELOW,
    CUT_TOKEN,
    ESCAPED_TOKEN,
)

# The rest of a secret whose beginning is masked already: it goes without a mark of its own.
CONTINUED = Rule("", "name", (), b"", b"", SOURCE, "")
