"""Personal data without a checksum: classes that a workspace switches on, none of them by default.

`PII_RULES` maps a class to its rules. Classes: `email`, `phone`, `ip`, `name` (persons, beside a telling key).
"""

from collections.abc import Mapping

from planes.scrub.rules.judging import judges
from planes.scrub.rules.model import Rule

_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_PERSON = (
    rb"(?:first|last|middle|full|given|family|sur|maiden|customer|contact|patient|employee|recipient"
    rb"|account[_ -]?holder|billing|shipping)[_ -]?name|surname|forename|lastname|firstname|vorname|nachname"
)


def _judge_address(line: bytes, _: int, start: int, end: int) -> int:
    """An address of the net; those of this machine and of nothing tell nobody's place."""
    address = line[start:end]
    return -1 if address.startswith((b"127.", b"0.")) or address == b"255.255.255.255" else end


def _judge_phone(line: bytes, _: int, start: int, end: int) -> int:
    """A number in international form has 8 to 15 digits."""
    digits = sum(48 <= byte <= 57 for byte in line[start:end])
    return end if 8 <= digits <= 15 else -1


PII_RULES: Mapping[str, tuple[Rule, ...]] = {
    "email": (
        Rule(
            "email",
            "checksum",
            (b"@", b"%40"),
            rb"[0-9A-Za-z-]{1,63}[.]",
            rb"(?P<secret>[0-9A-Za-z][0-9A-Za-z._%+-]{0,63}(?:@|%40)"
            rb"[0-9A-Za-z][0-9A-Za-z-]{0,62}(?:\.[0-9A-Za-z-]{1,63}){0,4}\.[A-Za-z]{2,24})\b",
            "RFC 5322: address specification",
            "<l8>.<l6>@example.com",
        ),
    ),
    "phone": (
        Rule(
            "phone",
            "checksum",
            (b"+", b"tel:"),
            rb"\+?[0-9]",
            rb"(?:^|[^0-9A-Za-z+/=])(?P<secret>\+[1-9][0-9]{0,2}[ .-]?(?:\([0-9]{1,4}\)[ .-]?)?"
            rb"[0-9]{2,5}(?:[ .-]?[0-9]{2,5}){1,4})(?:$|[^0-9A-Za-z])",
            "ITU-T E.164: international numbers",
            "+49 30 <d4> <d4>",
            _judge_phone,
        ),
    ),
    "ip": (
        Rule(
            "ip-address",
            "checksum",
            (b".",),
            rb"[0-9]{1,3}[.][0-9]{1,3}[.][0-9]",
            rb"(?:^|[^0-9A-Za-z.])(?P<secret>"
            + _OCTET
            + rb"(?:\."
            + _OCTET
            + rb"){3})(?:$|[^0-9A-Za-z.]|\.(?:$|[^0-9]))",
            "RFC 791: Internet addresses",
            "203.0.113.7",
            _judge_address,
        ),
        Rule(
            "ip6-address",
            "checksum",
            (b":",),
            rb"[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]",
            rb"(?:^|[^0-9A-Za-z:.])(?P<secret>[23][0-9A-Fa-f]{3}:(?:[0-9A-Fa-f]{0,4}:){2,6}"
            rb"[0-9A-Fa-f]{1,4})(?:$|[^0-9A-Za-z:])",
            "RFC 4291: address architecture",
            "2001:db8:<h4>:<h4>:<h4>:<h4>:<h4>:<h4>",
        ),
    ),
    "name": (
        Rule(
            "person-name",
            "checksum",
            tuple(b"name vorname nachname surname forename".split()),
            rb"[\"']?[ \t]{0,4}[:=]",
            rb"(?i)(?:" + _PERSON + rb")[\"'`]?\]?[ \t]*(?:=>|[:=])[ \t]*[\"'`]?"
            rb"(?P<secret>[^\"'`,;:=|<>{}()\[\]\t\r\n0-9_]{2,60})",
            "names of persons beside a telling key",
            "first_name=<z8>",
            judges.person,
            any_case=True,
        ),
    ),
}
PII_CLASSES: tuple[str, ...] = tuple(sorted(PII_RULES))
