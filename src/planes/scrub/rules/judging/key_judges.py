"""Decisions about what is called a key: most keys of databases and tables open nothing."""

import re

from planes.scrub.rules.judging.digests import is_inside_base64
from planes.scrub.rules.judging.judges import FILE, is_in_variable, is_other_name, quoted, random
from planes.scrub.rules.judging.plausible import is_code, is_jumbled, looks_random
from planes.scrub.rules.judging.source_code import is_constant, is_declared_type

_SHORT_WORD = re.compile(rb"^[a-z_.-]{1,15}$")
# Names in `_key` that no secret stands behind: of databases, storage, caches and tables.
_TABLE_KEYS = tuple(
    b"""
    sort merge dist partition cluster clustering cache object bucket row unique natural surrogate business hash
    dedup group lookup json dict parent child root record index routing idempotency s3 blob file config metric
    feature host ssh_host map range order join candidate composite item event message issue project translation
    i18n cursor state column table schema section default dataset resource hot press key shortcut sharding shard
    incremental delta lock restore version websocket customer product store employee location date invoice vendor
    supplier campaign contact page visit transaction company result task
    """.split()
)
# Where PagerDuty sends an event; those of queues are words.
_ALERTED = re.compile(rb"(?=.*[0-9])(?=.*[a-z])[0-9a-zA-Z]{32}")
_OPEN_KEYS = (b"primary", b"foreign", b"public", b"publishable", b"site", b"gpg", b"pgp", b"pub")


def is_table_key(name: bytes) -> bool:
    """Whether a name in `-key` is one of databases, caches or tables: `x-cache-key`."""
    return name[:-4].endswith(_TABLE_KEYS) and name[-4:] in (b"_key", b"-key")


def generic_key(line: bytes, begin: int, start: int, end: int) -> int:
    """A value of any `…_key`: in capitals as a variable, or such that it looks random; not of keys of tables."""
    if is_other_name(line, begin + 2) or is_other_name(line, begin + 1) or is_in_variable(line, begin):
        return -1
    word = re.search(rb"[0-9A-Za-z_.-]*$", line[max(0, begin - 60) : begin + 1])
    before = word[0].lower() if word else b""
    if before.endswith(b"routing") and _ALERTED.fullmatch(line, start, end):
        return quoted(line, begin, start, end)
    if before.endswith(_TABLE_KEYS) or before.endswith(_OPEN_KEYS):
        return -1
    if FILE.match(line[start:end]) or line[end : end + 1] == b"(" or is_declared_type(line, start):
        return -1
    if is_constant(line, start, end):
        return -1
    is_variable = line[begin : begin + 5].isupper() and not _SHORT_WORD.match(line[start:end])
    if is_variable and not is_code(line[start:end]):
        return quoted(line, begin, start, end)
    return random(line, begin, start, end)


# What a generator made, and a name in `-key` that says so: `ACME_KEY`, `acmeKey`.
_MADE = re.compile(rb"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=(?:[^0-9]*[0-9]){2})[0-9A-Za-z_+/=.~-]{20,}")
_HEXADECIMAL = re.compile(rb"[0-9a-f]{32}(?:[0-9a-f]{8}|[0-9a-f]{32})?")


def key_of_any(line: bytes, begin: int, start: int, end: int) -> int:
    """A value some signs behind any `…_key` or `…Key`: one that was made; in hexadecimal, that of a variable."""
    secret = line[start:end].rstrip(b".-")
    word = re.search(rb"[0-9A-Za-z_.-]*$", line[max(0, begin - 60) : begin + 1])
    name = word[0] if word else b""
    before = name.lower()
    if line[begin + 1 : begin + 4] == b"Key":
        before = before.removesuffix(b"k")
    if before.endswith(_TABLE_KEYS) or before.endswith(_OPEN_KEYS) or is_other_name(line, begin + 1):
        return -1
    if line[start - 1 : start] in (b"+", b"/") and is_inside_base64(line, begin, start + len(secret)):
        return -1
    is_made = _MADE.fullmatch(secret) is not None and is_jumbled(secret)
    if not is_made and not (name.isupper() and _HEXADECIMAL.fullmatch(secret)):
        return -1
    if FILE.match(secret) or is_constant(line, start, start + len(secret)) or is_in_variable(line, begin):
        return -1
    return quoted(line, begin, start, start + len(secret))


def key_parameter(line: bytes, _: int, start: int, end: int) -> int:
    """A parameter of a key in base64, which a checksum in hexadecimal is not."""
    secret = line[start:end]
    return end if re.search(rb"[A-Z]", secret) and re.search(rb"[g-z]", secret) and re.search(rb"[0-9]", secret) else -1


_SIZES = frozenset((22, 24, 32, 43, 44, 48, 64, 88))


def cipher_key(line: bytes, begin: int, start: int, end: int) -> int:
    """The key of a cipher beside its use: as many digits or signs of base64 as keys have, and random."""
    secret = line[start:end]
    return quoted(line, begin, start, end) if len(secret) in _SIZES and looks_random(secret) else -1
