"""Rules for secrets that stand on another line than what tells them. What finds them is `planes.scrub.below`."""

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
    (b"apiversion",),
    rb"[\"']?[ \t]*:[ \t]*[\"']?v1[\"']?,?[ \t\r]*\n",
    "apiVersion: v1\nkind: Secret\nstringData:\n  main: <a16>\n",
)
ASKED_BELOW = _below("asked-below", (ASKED.lower(),), b"", "334 UGFzc3dvcmQ6\n<b24>\n")
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
BELOW_RULES: tuple[Rule, ...] = (NAMED_BELOW, NAMED_COLUMN, MANIFEST_MEMBER, ASKED_BELOW, CUT_TOKEN)

# The rest of a secret whose beginning is masked already: it goes without a mark of its own.
CONTINUED = Rule("", "name", (), b"", b"", SOURCE, "")
