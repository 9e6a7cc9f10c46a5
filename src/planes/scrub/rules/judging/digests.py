"""Tells digests and other base64 that no one keeps secret, in which any few letters stand, from tokens.

version_hash: EAAXa0fd4McFXUdjwezlB5DPBJsMimxRfrsNqrz4+ak=   a.py,sha256=hf_5PVegQcFSS60CjS80C7h-TGOrfQ4ncm83N8VmZkk
"""

import re

# So many signs have MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512 in base64, and the ids of requests to S3.
_LENGTHS = frozenset((22, 27, 38, 43, 64, 75, 86))
_SHORTEST_LONG = 43
_LENGTH_OF_ROW_ID = 14  # `_dlt_id`, ten random bytes
_NAMED = re.compile(
    rb"(?:sha-?[0-9]{1,3}|md5|hash|digest|checksum|integrity|fingerprint|etag|\bh1|amz-id-2|_dlt(?:_[a-z]+)?_id)"
    rb"\\?[\"']?(?:[ ]?[=:][ ]?|-)\\?[\"']?(?:sha[0-9]{1,3}[=:-])?"
    rb"([0-9A-Za-z+/_-]{14,86})(?![0-9A-Za-z+/_-])",
    re.IGNORECASE,
)
_PUBLIC_KEY = re.compile(
    rb"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+)[ \t]+(AAAA[0-9A-Za-z+/]{20,})"
)
_ALONE = re.compile(rb"[ \t]*(?:[-*+][ ]|[\"',\[])*([0-9A-Za-z+/]{22,86})(={1,2})$")
# A whole line of it (RFC 7468, RFC 2045).
LINE_OF_BASE64 = re.compile(rb"[ \t]*[0-9A-Za-z+/]{64}(?:[0-9A-Za-z+/]{12})?")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LONGEST = 256


def harmless_base64(line: bytes) -> list[tuple[int, int]]:
    """Where in a line digests stand that are called so, and public keys."""
    named = (match.span(1) for match in _NAMED.finditer(line))
    digests = [(start, end) for start, end in named if end - start in _LENGTHS or end - start == _LENGTH_OF_ROW_ID]
    if line.find(b" AAAA") < 0:
        return digests
    return digests + [match.span(1) for match in _PUBLIC_KEY.finditer(line)]


def is_digest(line: bytes) -> bool:
    """Whether nothing but a digest in base64 stands on a line, as in a list of them."""
    match = _ALONE.match(line)
    return match is not None and len(match[1]) in _LENGTHS and _is_closed(len(match[1]), len(match[2]))


def is_inside_base64(line: bytes, start: int, end: int) -> bool:
    """Whether [start, end) is only a part of base64, which fills its line or is closed as base64 is."""
    before, behind = line[max(0, start - _LONGEST) : start], line[end : end + _LONGEST]
    ahead = len(before) - len(before.rstrip(_BASE64))
    if ahead and LINE_OF_BASE64.fullmatch(line):
        return True
    rest = behind.lstrip(_BASE64)
    secret = line[start:end].rstrip(b"=")
    if secret.strip(_BASE64) or line[max(0, start - 2) : max(0, start - 1)] == b"\\":
        return False  # what is before it may be the letter of an escape, as in `\nAKIA…`
    length = ahead + len(secret) + len(behind) - len(rest)
    padding = len(rest) - len(rest.lstrip(b"=")) or end - start - len(secret)
    is_part = length > len(secret)
    return (length in _LENGTHS or (is_part and length >= _SHORTEST_LONG)) and _is_closed(length, padding)


def _is_closed(length: int, padding: int) -> bool:
    return padding > 0 and (length + padding) % 4 == 0
