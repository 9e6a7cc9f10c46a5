"""Logins on lines of their own, as `chpasswd` reads them: from cloud-init's settings, or from a shell's document.

chpasswd:
  list: |
    root:the password
"""

import re
from typing import NamedTuple

from planes.scrub.below.model import Step, below, is_secret, is_shown
from planes.scrub.below.rows import goes_on, row_of
from planes.scrub.rulebook import Span
from planes.scrub.rules.named.below import LOGIN_LINE

_OPENS = re.compile(rb"[\"']?chpasswd[\"']?[ \t]*:[ \t]*(?:#.*)?$")
_DOCUMENT = re.compile(rb"\bchpasswd\b[^<\n]{0,60}<<[-~]?[\"'\\]?(\w+)[\"']?[ \t\r]*$")
_LIST = re.compile(rb"[\"']?list[\"']?[ \t]*:[ \t]*(?:[|>][+-]?[0-9]?)?[ \t]*$")
_LOGIN = re.compile(rb"(?:-[ ]+)?[\"']?[A-Za-z_][\w.-]{0,40}:([^\"'\n]+)[\"']?")
# What cloud-init makes a password for.
_GENERATED = (b"RANDOM", b"R")
_MOST_LINES = 60


class Changed(NamedTuple):
    """Lines behind `chpasswd`.

    Attributes:
        prefix: what a log collector put before its line.
        indent: of the line whose text the logins are.
        is_begun: whether the logins come now, and no other settings.
        end: what ends a shell's document.
    """

    prefix: bytes
    indent: int
    is_begun: bool = False
    end: bytes = b""
    left: int = _MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        here = self._replace(left=self.left - 1)
        if self.left <= 0 or not goes_on(row, self.prefix) or (self.end and row.text == self.end):
            return [], None
        if not row.text:
            return [], here
        if not self.end and row.indent <= self.indent and not (self.is_begun and row.text.startswith(b"- ")):
            return [], None
        if not self.is_begun:
            begins = _LIST.match(row.text)
            return [], here._replace(is_begun=True, indent=row.indent) if begins else here
        login = _LOGIN.fullmatch(row.text)
        if login is None:
            return [], None
        start, stop = row.start + login.start(1), row.start + login.end(1)
        return below(start, stop) if is_secret(login[1]) and login[1] not in _GENERATED else [], here


_LINE_OF_LOGIN = re.compile(rb"[ \t]*\"[\w.@-]*\w\"[ \t]+\"([^\"\n]{4,})\"[ \t\r]*$")
# `curl/8.4.0`
_VERSION = re.compile(rb"[\w.-]+/[0-9][\w.+-]*$")


def told_login(line: bytes) -> list[Span]:
    """The password of a line that holds nothing but a user and it, as PgBouncer keeps them; two words are none."""
    found = _LINE_OF_LOGIN.match(line)
    return [Span(*found.span(1), LOGIN_LINE)] if found and is_shown(found[1]) and not _VERSION.match(found[1]) else []


def opened_logins(line: bytes) -> Changed | None:
    """What a line opens that names `chpasswd`."""
    if line.find(b"chpasswd") < 0:
        return None
    row = row_of(line)
    if _OPENS.match(row.text):
        return Changed(row.prefix, row.indent)
    document = _DOCUMENT.search(row.text)
    return Changed(row.prefix, row.indent, is_begun=True, end=document[1]) if document else None
