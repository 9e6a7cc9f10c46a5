"""The members of a Kubernetes Secret, whatever they are called: a manifest tells by its kind that they are secret.

apiVersion: v1
data:
  tls: bm90IGEgc2VjcmV0    text in base64 says so itself when the kind comes only below, as `kubectl get -o yaml` has it
kind: Secret
"""

import base64
import re
from typing import NamedTuple

from planes.scrub.below.model import Step, below, continued, is_secret
from planes.scrub.below.rows import Row, goes_on, row_of
from planes.scrub.below.values import value_of
from planes.scrub.rulebook import Span
from planes.scrub.rules.judging.plausible import looks_random
from planes.scrub.rules.named.below import MANIFEST_MEMBER

_HEAD = re.compile(rb"(?:- )?[\"']?apiVersion[\"']?[ \t]*:[ \t]*[\"']?v1[\"']?,?$")
_KIND = re.compile(rb"(?:- )?[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?Secret[\"']?,?$")
_MEMBER = re.compile(rb"[\"']?([\w./-]{1,253})[\"']?[ \t]*:[ \t]*")
_SCALAR = re.compile(rb"[|>][+-]?[0-9]?[ \t]*$")
_BASE64 = re.compile(rb"[0-9A-Za-z+/]{8,}={0,2}")
_HOLDERS = (b"data", b"stringData")
# Members at the top of a Secret; another one shows that it is none.
_KNOWN = (b"apiVersion", b"kind", b"metadata", b"type", b"immutable", *_HOLDERS)
_MOST_LINES = 400


class Manifest(NamedTuple):
    """Lines of a manifest behind `apiVersion: v1`.

    Attributes:
        prefix, indent: of its members.
        is_told: whether its kind was seen to be Secret.
        member: the member in which we are.
        block: the indent of the key whose text of several lines we are in; -1: of none.
        left: lines that may still come.
    """

    prefix: bytes
    indent: int
    is_told: bool = False
    member: bytes = b""
    block: int = -1
    left: int = _MOST_LINES

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        here = self._replace(left=self.left - 1)
        if not row.text:
            return [], here
        if self.left <= 0 or row.indent < self.indent or row.text.startswith(b"---") or not goes_on(row, self.prefix):
            return [], None
        if row.indent == self.indent:
            return here._top(row)
        return here._inner(row) if self.member in _HOLDERS else ([], here)

    def _top(self, row: Row) -> Step:
        found = _MEMBER.match(row.text)
        if found is None:
            return [], self._replace(member=b"", block=-1) if row.text[:1] in b"}]" else None
        name, value = found[1], row.text[found.end() :].strip(b"\"', ")
        if name not in _KNOWN or (name == b"kind" and value != b"Secret"):
            return [], None
        return [], self._replace(member=name, block=-1, is_told=self.is_told or name == b"kind")

    def _inner(self, row: Row) -> Step:
        is_sure = self.is_told or self.member == b"stringData"
        if 0 <= self.block < row.indent:
            return continued(row.start, row.end) if is_sure and row.text.find(b"[masked:") < 0 else [], self
        found = _MEMBER.match(row.text)
        if found is None:
            return [], None
        here = self._replace(block=-1)
        if _SCALAR.match(row.text, found.end()):
            return [], self._replace(block=row.indent)
        start, end = value_of(row, row.start + found.end())
        value = row.line[start:end]
        if end == row.end and row.line[start - 1 : start] in (b'"', b"'"):
            here = self._replace(block=row.indent)  # its quote closes below
        fits = start < end and (is_secret if is_sure else _is_encoded)(value)
        return [Span(start, end, MANIFEST_MEMBER)] if fits else [], here


_RESULT = re.compile(rb"(?:[-+~][ ])?[\"']?result[\"']?[ \t]*[:=][ \t]*[\"'](?=[^\"'])")
# `"…" -> "…"`
_CHANGED = re.compile(rb"->[ ]+\"([^\"]{3,})\"")
_GENERATED = re.compile(
    rb"[\"']?type[\"']?[ \t]*:[ \t]*[\"']random_password[\"'],?$|(?:[-+~][ ])?resource \"random_password\" "
)


class Generated(NamedTuple):
    """A password that Terraform made, in its state: `"type": "random_password"`, and `"result"` some lines below."""

    prefix: bytes
    left: int = 30

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if self.left <= 0 or not row.text or not goes_on(row, self.prefix):
            return [], None
        found = _RESULT.match(row.text)
        if found is None:
            return [], self._replace(left=self.left - 1)
        start, end = value_of(row, row.start + found.end() - 1)
        spans = below(start, end) if is_secret(row.line[start:end]) else []
        if changed := _CHANGED.search(row.line, end, row.end):
            spans += below(*changed.span(1))
        return spans, None


def opened_state(line: bytes) -> Generated | None:
    """What a resource of Terraform's state opens."""
    row = row_of(line)
    return Generated(row.prefix) if _GENERATED.match(row.text) else None


def _is_encoded(value: bytes) -> bool:
    """Whether a value is base64 of a text, or of what looks random; a word such as `postgres` is neither."""
    if not _BASE64.fullmatch(value) or len(value) % 4 or value.isdigit() or not is_secret(value):
        return False
    decoded = base64.b64decode(value)
    is_text = all(32 <= byte < 127 or byte in b"\t\r\n" for byte in decoded)
    return is_text or (len(value) >= 24 and looks_random(value))


def opened_manifest(line: bytes) -> Manifest | None:
    """What the first line of a manifest opens."""
    row = row_of(line)
    is_told = _KIND.match(row.text) is not None
    if not is_told and not _HEAD.match(row.text):
        return None
    return Manifest(row.prefix, row.indent + (2 if row.text.startswith(b"- ") else 0), is_told)
