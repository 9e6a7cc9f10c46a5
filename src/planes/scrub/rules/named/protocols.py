"""Logins as protocols carry them: words of a dialogue between two machines, told by their place."""

import base64
import binascii

from planes.scrub.rules.judging import command_judges, judges, key_judges, place_judges
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


_AUTH = rb"(?:md5|sha(?:-?[0-9]{3})?)"
_PRIVACY = rb"(?:des|3des|aes)(?:[ -]?[0-9]{3})?(?:-?c)?"

PROTOCOL_RULES: tuple[Rule, ...] = (
    named(
        "snmp-user-auth",
        rb"(?:\b|\\[nrt])auth[ \t]+" + _AUTH + rb"[ \t]+[\"']?(?P<secret>[^ \t\r\n\"']{6,})[\"']?"
        rb"(?:[ \t]+priv[ \t]|[ \t\r]*$)",
        "snmp-server user me group v3 auth sha <a12>7 priv aes 128 <a12>7",
        judges.quoted,
        ((b"auth ",), rb"(?:md5|sha)"),
    ),
    named(
        "snmp-user-privacy",
        rb"(?:\b|\\[nrt])priv[ \t]+" + _PRIVACY + rb"[ \t]+[\"']?(?P<secret>[^ \t\r\n\"']{6,})",
        "snmp-server user me group v3 auth sha <a12>7 priv aes 128 <a12>7",
        judges.quoted,
        ((b"priv ",), rb"(?:3?des|aes)"),
    ),
    named(
        "snmp-trap",
        rb"(?:\b|\\[nrt])(?:trap|inform|snmp|version v?[12]c?)[^\n]{0,80}?[ ,(]community:?[ ](?:string:?[ ])?[\"']?"
        rb"(?P<secret>[^ \t\r\n\"',;)]+)",
        "snmptrapd[1]: 192.0.2.7 [UDP: [192.0.2.7]] Trap, SNMP v1, community <a12>7",
        _community,
        ((b"community ", b"community: "), rb""),
    ),
    named(
        "sasl-payload",
        rb"saslStart[\"']?[ ]?:[^\n]{0,200}?\bPLAIN\b[^\n]{0,120}?payload[\"']?[ ]?:[ ]?"
        rb"[^\"'\n]{0,40}(?:base64[\"'][ ]?:[ ]?)?"
        rb"[\"'](?P<secret>[0-9a-z+/]{8,}={0,2})[\"']",
        'saslStart: 1, mechanism: "PLAIN", payload: BinData(0, "<b24>")',
        judges.quoted,
        ((b"saslstart",), rb"[\"' :]"),
    ),
    named(
        "cipher-key",
        rb"(?:(?:(?:en|de)crypt[a-z]{0,4}|aes|cipher|fernet)\b[^\n]{0,60}?[ (]"
        rb"|\biv[ ]?[=:][ ]?[\"']?[0-9a-z+/=]{16,64}[\"']?[ ,;]+)"
        rb"key[ ]?(?:[=:][ ]?|[ ](?:is[ ])?)(?:b?[\"'])?(?P<secret>[0-9a-z+/_-]{22,}={0,2})",
        "failed to decrypt with key <h64>",
        key_judges.cipher_key,
        ((b"key ", b"key=", b"key:"), rb"[ ]?(?:is )?[b\"']{0,2}[0-9A-Za-z+/_-]{16}"),
        needs=(b"crypt", b"aes", b"cipher", b"iv=", b"iv:", b"iv =", b"iv :"),
    ),
    named(
        "ghost-key",
        rb"ghost[^\n]{0,120}?(?:\b|\\[nrt])[0-9a-f]{24}:(?P<secret>[0-9a-f]{64})(?:$|[^0-9a-f])",
        "Ghost admin <h24>:<h64>",
        judges.quoted,
        ((b"ghost",), rb""),
    ),
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
        place_judges.mail_login,
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
