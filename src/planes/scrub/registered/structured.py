"""The members of a value that is itself a document: JSON leaves, dotenv values, parts of connection strings.

A secret that is a whole document is rarely printed whole; its password is.
"""

import json
import re
from collections.abc import Iterator
from typing import cast

from planes.scrub.registered.telling import piece_tells

# Words that stand in many credential documents and are secret in none.
_KNOWN_WORDS = frozenset(
    """
    service_account authorized_user external_account googleapis.com localhost 127.0.0.1
    https://accounts.google.com/o/oauth2/auth https://oauth2.googleapis.com/token
    https://www.googleapis.com/oauth2/v1/certs true false none null default public username password production
    development require disable prefer verify-full verify-ca
    postgres postgresql mysql duckdb snowflake bigquery redshift databricks mssql sqlite
    """.split()  # noqa: SIM905 - a list of words reads better than a column
)
_SENSITIVE = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase)?|pwd|secret|token|credential|private|signature|\bsig|(?:api|account|access|shared|auth)[_-]?key|accesskey|\bkey)"
)
_ASSIGNMENT = re.compile(r"^[ \t]*(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_.-]*[ \t]*=[ \t]*(.*)$")
_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://(?:([^\s/?#]*)@)?[^\s?#]*(?:\?([^\s#]*))?")
# Bounded in each part, since of a text that is none a search begins anew at every sign.
_PAIR = re.compile(
    r"([A-Za-z_][A-Za-z0-9_ -]{0,63}?)[ ]{0,64}=[ ]{0,64}"
    r"('(?:[^'\\]|\\.){0,4096}'|\"[^\"]{0,4096}\"|\{[^}]{0,4096}\}|[^;\s]*)(?=[;\s]|$)"
)
_LONGEST_OF_PAIRS = 64 * 1024
_DEEPEST = 8
# A value of more signs is a document or prose, whose quotes say nothing.
_LONGEST_TORN = 256
# A rest of words, or of fewer signs, may stand anywhere.
_SHORTEST_TORN = 8


def members(value: str) -> Iterator[str]:
    """Yield the secret-like parts of a structured value, and their parts some levels deep; nothing for a plain one."""
    waiting = [(value.strip(), _DEEPEST)]
    seen = {waiting[0][0]}
    while waiting:
        text, levels = waiting.pop()
        for member in _direct_members(text):
            if member and member not in seen and member.lower() not in _KNOWN_WORDS:
                seen.add(member)
                if levels > 1:
                    waiting.append((member.strip(), levels - 1))
                yield member


def torn(value: str) -> Iterator[str]:
    """What is left of a value behind its first quote of each kind: parsers of settings take the quote for its end.

    `missing "=" after "4YQ1r"OhoYH'" in connection info string`, as libpq says.
    """
    if len(value) > _LONGEST_TORN or "\n" in value:
        return
    encoded = value.encode("utf-8", "surrogatepass")
    for quote in "'\"`":
        rest = value.partition(quote)[2].rstrip(quote)
        size = len(rest.encode("utf-8", "surrogatepass"))
        end = len(encoded.rstrip(quote.encode()))
        if len(rest) >= _SHORTEST_TORN and piece_tells(encoded, end - size, end):
            yield rest


def _direct_members(text: str) -> Iterator[str]:
    if text[:1] in ("{", "[", '"'):
        try:
            yield from _leaves(json.loads(text))
        except (ValueError, RecursionError):
            pass
        else:
            return
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    matches = [_ASSIGNMENT.match(line) for line in lines]
    if lines and all(matches):
        for match in matches:
            if match is not None:
                yield _unquoted(match[1].rstrip(" \t"))
    address = _ADDRESS.match(text)
    if address:
        yield from _address_parts(address[1] or "", address[2] or "")
    elif "=" in text and len(text) <= _LONGEST_OF_PAIRS:
        for name, part in _PAIR.findall(text):
            if _SENSITIVE.search(name):
                yield _unquoted(part)


def _address_parts(user_info: str, query: str) -> Iterator[str]:
    user, colon, password = user_info.partition(":")
    secrets = [password] if colon else ([user] if len(user) >= 16 else [])
    for pair in query.split("&"):
        name, _, part = pair.partition("=")
        if _SENSITIVE.search(name):
            secrets.append(part)
    for secret in secrets:
        yield secret
        yield _unpercent(secret)


def _leaves(document: object) -> Iterator[str]:
    waiting = [document]
    while waiting:
        here = waiting.pop()
        if isinstance(here, str):
            yield here
        elif isinstance(here, dict):
            waiting.extend(cast("dict[str, object]", here).values())
        elif isinstance(here, list):
            waiting.extend(cast("list[object]", here))


def _unquoted(text: str) -> str:
    if len(text) >= 2 and (text[0], text[-1]) in (("'", "'"), ('"', '"'), ("{", "}")):
        return text[1:-1]
    return text


def _unpercent(text: str) -> str:
    raw = re.sub(
        rb"%([0-9A-Fa-f]{2})", lambda match: bytes((int(match[1], 16),)), text.encode("utf-8", "surrogatepass")
    )
    return raw.decode("utf-8", "replace")
