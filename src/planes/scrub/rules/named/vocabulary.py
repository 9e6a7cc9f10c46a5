"""The names that tell a secret, as patterns, and what may stand between such a name and its value."""

import itertools
from collections.abc import Iterator, Sequence

from planes.scrub.rules.judging.other_meanings import GIVERS
from planes.scrub.rules.model import Judge, Rule, abbreviate

# `_` stands for `_`, `-`, `.`, a blank, or nothing.
_KEYS = """
    password passwords passwd pass_phrase pass_word pass_code passwort kennwort pswd pwd secret secrets secret_value
    token tokens
    api_key apikeys app_key application_key
    access_key account_key secret_key private_key encryption_key signing_key master_key
    shared_key shared_access_key storage_key service_key subscription_key auth_key license_key session_key
    fernet_key hmac_key functions_key webhook_key host_key_password client_key_data ingest_key write_key deploy_key
    integration_key account_sas sas_token storepass keypass
    sensitive_value instrumentation_key pre_shared_key preshared_key seed_phrase recovery_phrase recovery_key unseal_key
    api_keys app_keys access_keys secret_keys signing_keys encryption_keys key_source
    passwrd pasword code_verifier auth_code authorization_code device_code unlock_code backup_code backup_codes
    recovery_code recovery_codes snmp_community community_string
    authtok password_hash password_md5 password_sha256 password_sha256_hex password_double_sha1_hex
    sec_key secret_access_key session_id jsessionid phpsessid credential credentials connection_string
    access_code access_codes security_credentials props_key
    access_token_secret secret_proof genie_key authentication_string
"""


def _joined(words: Sequence[str]) -> bytes:
    """Words as one pattern in which those that begin alike share their beginning: a quarter less for RE2 to keep.

    What matches stays the same, and which of several words comes first.
    """
    by_first: dict[str, list[str]] = {}
    for word in words:
        by_first.setdefault(word[:1], []).append(word[1:])
    pieces = [
        first.encode("ascii").replace(b"_", b"[_. -]?") + _joined(rests) if first else b""
        for first, rests in by_first.items()
    ]
    return pieces[0] if len(pieces) == 1 else b"(?:%s)" % b"|".join(pieces)


_WORDS = _joined([*_KEYS.split(), *(f"{giver}_key" for giver in (*GIVERS, "admin"))])
SUFFIX = (
    rb"(?:[_-]?v?[0-9]{1,2}|[ ][0-9]{1,2}"
    rb"|[_.-]?(?:string|value|text|content|plain|plaintext|base|raw|prod|dev|test|staging|live|b64|base64"
    rb"|encoded|old|new|current|previous|primary|secondary|default"
    rb"|received|provided|given|sent|supplied|actual)|\.[0-9a-z]{1,40}\.(?:dfs"
    rb"|blob)\.core\.windows\.net)?"
)
# `pass` is a word of its own, a part of a name behind `_` or in camel case, or stands behind the name of what it opens.
_PASS = (
    rb"(?:(?:[_-]|\b)(?:(?:user|db|my|sql|pg|admin|root|smtp|mail|imap|ssh|ftp|sftp|login|http|proxy|ldap|bind|net"
    rb"|redis|require"
    rb"|wifi|sys|svc|app|rds|mongo|zip|pdf|tls|ssl|vpn|basic|auth)?pass|psw|passw)|(?:[_-]|\b)psk|(?-i:[a-z0-9]Pass|[a-z]PASS)"
    rb"|(?:[_-]|bind|root|user|db|admin|ldap|login|sudo|ssh|smtp|ftp|\bmy|sql)pw)"
)
_OTHERS = rb"x[_-][0-9a-z_-]{0,40}[_-]key|[_-]auth|_dsn|[a-z0-9][_-](?:pat|salt)|(?-i:\bPEPPER)"
KEY = rb"(?:%s|%s|%s)" % (_WORDS, _PASS, _OTHERS) + SUFFIX
_KEY_PLACE = rb"(?P=key)"
abbreviate(_KEY_PLACE, KEY)
_SIGNS = (
    b"pass kennw pswd psw psk pwd secret token key sessionid session_id session-id session.id sessid credential "
    b"connection_string connectionstring connection-string seed_phrase recovery_ _auth -auth _dsn _pat _salt "
    b"-pat -salt pepper "
    b"sensitive_value sensitivevalue account_sas code_verifier codeverifier auth_code authcode authorization_code "
    b"device_code devicecode unlock_code backup_code backupcode community_string snmp_community "
    b"_pw -pw bindpw rootpw userpw dbpw adminpw ldappw loginpw sudopw sshpw smtppw ftppw mypw sqlpw"
)
_STEMS = (
    *_SIGNS.split(),
    *(b"seed phrase", b"seed-phrase", b"seedphrase", b"recovery phrase", b"recoveryphrase"),
    *(b"recovery code", b"backup code", b"device code", b"unlock code", b"community string", b"snmp community"),
)


def _spellings(key: str) -> "Iterator[bytes]":
    pieces = key.split("_")
    for signs in itertools.product(("", *"_-. "), repeat=len(pieces) - 1):
        yield "".join(map("".join, zip(pieces, (*signs, ""), strict=True))).encode("ascii")


# Spellings that are as often no secret: names only where a sign stands on the line besides.
UNSIGNED = (b"session id", b"sensitive value", b"connection string")
# Spellings in which no sign stands, such as `auth code`: they are signs of their own.
_UNSTEMMED = (
    spelling
    for key in _KEYS.split()
    for spelling in _spellings(key)
    if spelling not in UNSIGNED and not any(sign in spelling for sign in _STEMS)
)
SIGNS = (*_STEMS, *_UNSTEMMED)
# What may close a name: quotes (also escaped, as an entity, quoted for URLs), brackets, a remark in parentheses.
CLOSES = (
    rb"(?:[\"']:[\"'\\:a-z]{1,60}\]|:(?:[\w\\]{1,60}:)?(?:protected|private)\]"
    rb"|\[/[a-z ]{0,12}\]|[\\\"'`]{0,4}\]?|&quot;|&#34;|&#39;|\\u0022|%22)"
    rb"(?:[ ]?[(\[][0-9A-Za-z ,_-]{1,40}[)\]])?"
)
GIVES = rb"[ \t]*(?:\.{2,}[ ]?)?(?:[:?]=|={1,2}>|=|:|%3[AaDd]|\xef\xbc[\x9a\x9d])[ \t]*"
# A name between optional quotes, an optional type (`: str`), and the sign that gives it a value.
_TYPE = (
    rb"(?:[ \t]*:[ \t]*(?:&(?:'static )?)?[a-z_][0-9a-z_.]{0,30}(?:\[[0-9a-z_. ,|]{0,40}\])?(?:[ \t]*[|][ \t]*none)?"
    rb"[ \t]*=[ \t]*)"
)
NAME = (
    KEY + CLOSES + rb"(?:" + _TYPE + rb"|" + GIVES + rb"|[ \t]*==[ \t]*|[ \t]*<-[ \t]*"
    rb"|[ \t]+(?:as[ \t]+[a-z]{2,20}|string)[ \t]*=[ \t]*|[ \t]*(?:->|\xe2\x86\x92)[ \t]*)"
)
# In the scan, what follows a name. It counts little: counted repetition makes the scan's automaton large.
FOLLOW = rb"[0-9A-Za-z_-]{0,10}[^0-9A-Za-z_-]"
SOURCE = "how programs print settings and requests"


def named(
    name: str,
    pattern: bytes,
    sample: str,
    judge: Judge,
    scan: tuple[tuple[bytes, ...], bytes] | None = None,
    *,
    needs: tuple[bytes, ...] = (),
) -> Rule:
    """A rule for one shape; `scan` are its signs and what follows them, by default those of all sensitive names."""
    signs, follow = scan or (SIGNS, FOLLOW)
    written = b"(?i)" + pattern.replace(KEY, _KEY_PLACE)
    return Rule(name, "name", signs, follow, written, SOURCE, sample, judge, any_case=True, needs=needs)
