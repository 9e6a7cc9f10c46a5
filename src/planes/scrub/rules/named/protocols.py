"""Logins as protocols carry them: words of a dialogue between two machines, told by their place."""

import base64
import binascii

from planes.scrub.rules.judging import cells, command_judges, judges
from planes.scrub.rules.judging.plausible import is_default
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import named


def _encoded_words(line: bytes, begin: int, start: int, end: int) -> int:
    """A text in base64, where the name of another mechanism may stand."""
    try:
        decoded = base64.b64decode(line[start:end], validate=True)
    except binascii.Error:
        return -1
    return judges.quoted(line, begin, start, end) if decoded.isascii() and decoded.decode().isprintable() else -1


def _community(line: bytes, begin: int, start: int, end: int) -> int:
    """A community of SNMP that is not the one of all machines as they are delivered."""
    return -1 if is_default(line[start:end]) else command_judges.command(line, begin, start, end)


PROTOCOL_RULES: tuple[Rule, ...] = (
    named(
        "mail-login-words",
        rb"(?:\b|\\[nrt])AUTH[ \t]+LOGIN[ \t]+[0-9a-z+/]{4,}={0,2}[ \t]+(?P<secret>[0-9a-z+/]{8,}={0,2})",
        "AUTH LOGIN bG9hZGVy bG9hZGVyMTIzNDU=",
        _encoded_words,
        ((b"auth login ",), rb"[0-9a-z+/]+=*[ \t]"),
    ),
    Rule(
        "mail-login-bare",
        "name",
        (b" LOGIN ",),
        rb"[^ \t\r\n]+ [^ \t\r\n]",
        rb"(?:\b|\\[nrt])[A-Za-z]{0,5}[0-9]{1,6}[ ]LOGIN[ ][^ \t\r\n]{1,80}[ ](?P<secret>[^ \t\r\n\"'\\]{4,})",
        "RFC 3501: LOGIN command",
        "a1 LOGIN loader <a12>7<a4>",
        cells.made,
        before=rb"[0-9]",
    ),
    named(
        "scram-proof",
        # RFC 5802: the last message of a client; from the proof the password can be guessed at leisure.
        rb"(?:\b|\\[nrt])c=(?:biws|eSws|cD[0-9a-z+/]+={0,2}),r=[^ ,\n]{8,200},p=(?P<secret>[0-9a-z+/]{20,}={0,2})",
        "c=biws,r=<a24>,p=<b27>=",
        judges.quoted,
        ((b"c=biws,r=", b"c=esws,r=", b"c=cd"), rb""),
    ),
    named(
        "snmp-community",
        rb"(?:\b|\\[nrt])(?:snmp[a-z]*\b[^|;\n]*[ \t]-[Ac][ \t]+|r[ow]community6?[ \t]+"
        rb"|com2sec6?[ \t]+(?:-Cn[ \t]+[^ \t]+[ \t]+)?[^ \t]+[ \t]+[^ \t]+[ \t]+"
        rb"|CommunityData\([ ]*(?:[\"'][^\"'\n]*[\"'],[ ]*)?)[\"']?(?P<secret>[^ \t\r\n\"'()]+)",
        "snmpwalk -v2c -c <a12>7 switch.example.com",
        _community,
        ((b"snmp", b"rocommunity", b"rwcommunity", b"com2sec", b"communitydata("), rb"[a-z0-9]*[ \t\"']"),
    ),
)
