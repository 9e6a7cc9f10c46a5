"""Which lines open something, decided by one pattern over a line on which a sign stands."""

import functools
import re
from collections.abc import Sequence

from planes.scrub.below.arguments import (
    LIST_GOES_ON,
    REDIS_LOGIN,
    ArgumentBelow,
    MoreItems,
    RedisArguments,
    RemarkBelow,
)
from planes.scrub.below.changed import opened_logins, told_login
from planes.scrub.below.cut import opened_cut
from planes.scrub.below.fields import (
    Answered,
    FieldName,
    LocatedName,
    MultipartName,
    NumberedName,
    opened_code,
    opened_command,
    opened_promise,
    opened_prompt,
)
from planes.scrub.below.help_texts import opened_help
from planes.scrub.below.manifests import opened_manifest, opened_state
from planes.scrub.below.members import told_members
from planes.scrub.below.model import Opening, Step
from planes.scrub.below.pairs import ComplexKey, PairName, opened_attribute, opened_key, opened_pair
from planes.scrub.below.rows import BAR, Row, row_of
from planes.scrub.below.shown import FlagItem, SeriesBelow, opened_assertion
from planes.scrub.below.statements import CREATES, opened_columns, opened_parameters, opened_result, opened_statement
from planes.scrub.below.tables import Table, Underlined, opened_column, opened_table, told_rows
from planes.scrub.below.texts import BlockScalar, HereDocument, TripleQuote
from planes.scrub.below.values import FlagBelow, TupleName, ValueBelow
from planes.scrub.rules.judging import judges
from planes.scrub.rules.judging.digests import is_digest
from planes.scrub.rules.named.below import ASKED
from planes.scrub.rules.named.vocabulary import CLOSES, GIVES, KEY
from planes.scrub.search.engine import Pattern, compile_pattern, group_number

_END = rb"[ \t\r]*(?:[ \t][0-9A-Za-z_./-]+\.py:[0-9]+[ \t]*)?(?:[ \t]*" + BAR + rb")*[ \t]*$"
_SCHEME = rb"(?:(?:bearer|basic|token|digest|apikey|negotiate|aws4-hmac-sha256)[ \t]*)?"
# A bracket, or a call that prints what it holds.
_WRAPPER = (
    rb"(?:\[|(?:some|ok|just|str|string|repr|quote|[a-z]{0,12}(?:secret|sensitive|password|token)[a-z]{0,12})?\()?"
)
_OPENS = (
    rb"(?i)(?P<name>" + KEY + rb"|authorization|cookie|signature)(?:"
    rb"(?P<scalar>[\"']?[ \t]*:[ \t]*(?:[!&][^ \t]{1,40}[ \t]+)?[|>][+-]?[0-9]?[+-]?[ \t]*(?:#.*)?$)"
    rb"|" + CLOSES + rb"(?:[ \t]*:[ \t]*[a-z]+)?" + GIVES + rb"[bruf]{0,2}(?P<triple>\"\"\"|''')"
    rb"|[\"']?[ \t]*=?[ \t]*<<[-~]?[\"'\\]?(?P<heredoc>[A-Za-z_]\w*)[\"']?[ \t\r]*$"
    rb"|[ \t]*=[ \t]*@(?P<herestring>[\"'])[ \t\r]*$"
    rb"|(?P<element>(?:[ \t][^<>]{0,160})?>[ \t\r]*$)"
    rb"|(?P<cell>[ \t]*(?:</(?:code|b|strong|em|i|tt|kbd|span|a)>)?</[0-9a-z]{1,12}>[ \t\r]*$)"
    rb"|(?P<attribute>[\"'](?:[ \t][a-z][^<>/]{0,120})?>[ \t\r]*$)"
    rb"|(?P<flag>[ \t=]*\\[ \t]*$)"
    rb"|(?P<member>" + CLOSES + rb"[ \t]*(?:" + GIVES + rb")?[{][ \t\r]*$)"
    rb"|(?P<value>"
    + CLOSES
    + rb"\)?(?:[ \t]+(?:is|was|are|follows|below|(?:to|for)(?:[ ][a-z-]{1,16}){1,7}))?(?:[ ]\([^()\n]{1,100}\))?"
    + GIVES
    + _SCHEME
    + _WRAPPER
    + rb"[ \t]*\\?"
    + _END
    + rb")"
    rb"|(?P<series>'[ ]\[[a-z0-9]{2,16}\][ \t\r]*$)"
    rb"|(?P<pair>[\"'`]?[,;]?" + _END + rb"))"
)
_ENDS_IN_MARK = re.compile(rb"\[masked:[^\]\n]{1,64}\].?$")
# A client that waits for the server before it sends its login.
_ASKS_PLAIN = re.compile(rb"\bAUTH(?:ENTICATE)? PLAIN(?:\\r\\n)?[\"' \t\r]*$")
# What may stand before a name that begins its line.
_BEGINS = re.compile(rb"[-*\"'`{(\[, \t]*[\w.-]*$")
_DECLARES = re.compile(rb"(?:variable|output|resource[ \t]+\"[\w-]+\"|data[ \t]+\"[\w-]+\")[ \t]+\"[\w-]*$")
_ASKS = re.compile(rb"(?:\([Pp]db\)|i?pdb>|>>>|In \[[0-9]+\]:|##\[debug\]Evaluating:|\$)[ \t]*(?:pp?[ \t]+|print\()?")
# Before a word of a statement of SQL that ends its line: `ENCRYPTED PASSWORD`, `, SECRET`.
_CLAUSE = re.compile(rb"(?:[A-Z]+[ \t]+){1,4}$|,[ \t]*$")
_ALONE = re.compile(_ASKS.pattern + rb"[\w.]*$|[\w.]*$")
_NUMBERED = re.compile(rb"[ \t]*[0-9]{1,4}\) [\"'][\w.-]*$")
_COMPLEX = re.compile(rb"\?[ \t]+(?:![!\w]+[ \t]+)?[\"']?[\w.-]*$")
# A pair that begins with a name.
_IN_TUPLE = re.compile(rb"\([bru]?[\"'][\w.-]*$")
_FLAG_ITEM = re.compile(rb"-[ ]+[\"']?--?[\w.-]*$")
_FLAG_IN_LIST = re.compile(rb"[bru]?[\"']--?[\w.-]*$")
_ITEM_ALONE = re.compile(rb"[\"'][\w.-]*$")
_FLAG_ALONE = re.compile(rb"--?(?:[\w.]+-)*")
_REMARK = re.compile(rb"(?:#{1,6}|//|--|;|[*])[ \t]+(?:[\w.]+[_ -]){0,3}")
_HEADER_ALONE = re.compile(rb"(?:[A-Za-z]+-)*")
_FLAG = re.compile(rb"(?:^|[ \t])--?[\w.-]*$")
_PROPERTY = re.compile(rb"[\w.-]*$")
_ELEMENT = re.compile(rb"<[\w:.-]*$")
_VAGUE = re.compile(rb"(?:credential|secret|token|signature)s?$|passwords$|keys$", re.IGNORECASE)


_NAMES_KEY = re.compile(rb"[Kk]ey_?[Nn]ame")
_SHORT = 64


@functools.cache
def _pattern() -> "tuple[Pattern, dict[str, int]]":
    pattern = compile_pattern(_OPENS)
    names = (
        "name",
        "scalar",
        "triple",
        "heredoc",
        "herestring",
        "element",
        "cell",
        "attribute",
        "flag",
        "member",
        "value",
        "series",
        "pair",
    )
    return pattern, {name: group_number(pattern, name) for name in names}


def prepare_below() -> None:
    """Compile what is needed now."""
    _pattern()


def opened_by(line: bytes) -> Step:
    """What a line opens, and secrets in itself that only its statement tells.

    `line` is without colour codes, masked by its own rules, and of at most `LONGEST_LINE` bytes.
    """
    return _opened_by_short(line) if len(line) <= _SHORT else _opened_by(line)


@functools.lru_cache(256)
def _opened_by_short(line: bytes) -> Step:
    """Masked, short lines are often the same."""
    return _opened_by(line)


def _opened_by(line: bytes) -> Step:
    told, opening = _opened_alone(line)
    return told or told_members(line), opening


def _opened_alone(line: bytes) -> Step:
    if line[-1:] == b"=" and is_digest(line):
        return [], None  # `…/Pwd=` ends one in 20,000
    if line.find(b"INTO") >= 0 or line.find(b"into") >= 0 or line.find(b"COPY ") >= 0 or CREATES.match(line):
        told, opening = opened_statement(line)
        if told or opening is not None:
            return told, opening
    if line.find(b")", -3) >= 0 and line.lstrip()[:1] == b"(" and (columns := opened_columns(line)):
        return [], columns
    if line.find(b"?") >= 0 or line.find(b"%s") >= 0 or line.find(b"$1") >= 0:
        told, parameters = opened_parameters(line)
        if parameters is not None or told:
            return told, parameters
    if line.find(b"Col (") >= 0 and (result := opened_result(line)):
        return [], result
    if line.find(b'" "') >= 0 and (login := told_login(line)):
        return login, None
    if line.find(ASKED) >= 0:
        return [], Answered()
    if REDIS_LOGIN.fullmatch(line.strip()):
        return [], RedisArguments()
    if _ASKS_PLAIN.search(line):
        return [], Answered(may_wait=True)
    if (line.find(b"apiVersion") >= 0 or line.find(b"kind") >= 0) and (manifest := opened_manifest(line)):
        return [], manifest
    if line.find(b"random_password") >= 0 and (state := opened_state(line)):
        return [], state
    if _NAMES_KEY.search(line) and (key := opened_key(line)):
        return [], key
    for opened in (opened_assertion, opened_prompt, opened_logins, opened_command):
        if (opening := opened(line)) is not None:
            return [], opening
    if (column := opened_column(line)) is not None:
        return [], column
    told, cut = opened_cut(line)
    if cut is not None:
        return told, cut
    has_mark = line.find(b"[masked:") >= 0
    if has_mark and line.rstrip().endswith((b'",', b"',")) and _goes_on().search(line):
        return [], MoreItems(row_of(line).prefix)
    if not (has_mark and _ends_in_mark(line)) or line.find(b'"""') >= 0 or line.find(b"'''") >= 0:
        pattern, groups = _pattern()
        places = pattern.places(line)
        if places is not None:
            opening = _named(line, places, groups)
            if opening is not None:
                return [], opening
    if has_mark:
        return [], None
    if (promise := opened_promise(line)) is not None:
        return [], promise
    table = opened_table(line)
    if table is not None:
        return told_rows(line, table), table
    return [], opened_help(line) or (opened_code(line) if line.startswith(b"    ") else None)


@functools.cache
def _goes_on() -> Pattern:
    return compile_pattern(LIST_GOES_ON)


def _ends_in_mark(line: bytes) -> bool:
    first = max(0, len(line) - 80)
    return line[-2:].find(b"]") >= 0 and _ENDS_IN_MARK.search(line, first) is not None


def _named(line: bytes, places: Sequence[tuple[int, int]], groups: dict[str, int]) -> Opening | None:
    found = {name: places[number] for name, number in groups.items() if places[number][0] >= 0}
    begin, end = found["name"]
    row = row_of(line)
    before = line[row.start : begin] if begin >= row.start else b""
    if judges.is_other_name(line, begin):
        return None
    if "scalar" in found:
        return BlockScalar(row.prefix, row.indent) if _BEGINS.match(before) else None
    if "triple" in found:
        first, stop = found["triple"]
        quotes = line[first:stop]
        return None if quotes in line[stop:] else TripleQuote(quotes, is_begun=bool(line[stop:].strip(b" \t\r\\")))
    if "heredoc" in found:
        return HereDocument(line[slice(*found["heredoc"])])
    if "herestring" in found:
        return HereDocument(line[slice(*found["herestring"])] + b"@")
    if "flag" in found:
        if _FLAG.search(before) or line[end:].find(b"=") >= 0:
            return FlagBelow()
        return FlagBelow(is_strict=True) if _PROPERTY.match(before) else None
    if "series" in found:
        return SeriesBelow() if before.startswith(b"Series") else None
    if "cell" in found:
        return opened_pair(row, begin, is_element=True)
    if "attribute" in found:
        return opened_attribute(row, begin)
    if "member" in found:
        opens = _BEGINS.match(before) or _DECLARES.match(before)
        return PairName(row.prefix, is_element=False) if opens else None
    if "pair" in found:
        if before.find(b"form-data") >= 0:
            return MultipartName()
        if _IN_TUPLE.search(before) and line[end:].rstrip().endswith((b"',", b'",')):
            return TupleName(row.prefix)
        if _FLAG_IN_LIST.match(before) and line[end:].strip() in (b'",', b"',"):
            return TupleName(row.prefix, is_flag=True)
        if _ITEM_ALONE.match(before) and line[end : row.end].strip() in (b'"', b'",', b"'", b"',"):
            return LocatedName()
        if _FLAG_ITEM.match(before) and not line[end : row.end].strip(b"\"'"):
            return FlagItem(row.prefix, row.indent)
        if _NUMBERED.match(before):
            return NumberedName()
        if not line[end : row.end].strip():
            if _FLAG_ALONE.fullmatch(before):
                return ArgumentBelow(row.prefix, row.indent)
            if _REMARK.fullmatch(before):
                return RemarkBelow(row.prefix)
            if _HEADER_ALONE.fullmatch(before) and (before or b"-" in line[begin:end]):
                return RemarkBelow(row.prefix, row.indent + 1)
        if _COMPLEX.match(before):
            return ComplexKey(row.prefix, row.indent)
        column = row.end if line.startswith(b"  ") else 0
        return _field_or_header(
            row, opened_pair(row, begin, is_element=False) or _field(before, line[begin : row.end], column)
        )
    if "element" in found and not _ELEMENT.search(before):
        return None
    return _value_below(row, before, line[begin:end], is_list=line[end:].find(b"[") >= 0)


def _field_or_header(row: Row, opening: Opening | None) -> Opening | None:
    """The same, unless what looks like a container's name before a log (`id | api_key`) is a header's first cell."""
    table = opened_table(row.line) if opening is not None and row.prefix.endswith(b"| ") else None
    return Underlined(table, opening) if isinstance(table, Table) and opening is not None else opening


def _field(before: bytes, name: bytes, column: int) -> FieldName | None:
    """A name alone on its line, as those who check settings print it, or asked for at a prompt."""
    if (
        not (_ALONE.match(before) or _CLAUSE.match(before))
        or not name.replace(b"_", b"").isalnum()
        or name.lower() == b"signature"
    ):
        return None
    return FieldName(is_asked=bool(_ASKS.match(before)), column=column)


def _value_below(row: Row, before: bytes, name: bytes, *, is_list: bool) -> ValueBelow:
    is_assigned = row.text.endswith((b"=(", b"= (")) and not name.lower().endswith((b"s", b"l"))
    return ValueBelow(
        row.prefix,
        row.indent,
        row.is_boxed,
        is_strict=not _BEGINS.match(before) or (bool(_VAGUE.search(name)) and not is_assigned),
        is_list=is_list,
        is_plural=name.rstrip(b" \t:=\"'").endswith((b"codes", b"keys", b"tokens", b"passwords")),
        is_password=name.lower().endswith(b"passwords"),
        is_wrapped=row.is_boxed or row.end < len(row.line.rstrip()) or (row.line.endswith(b" ") and row.indent > 0),
    )
