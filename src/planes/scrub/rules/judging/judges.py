"""Decisions about a value beside a sensitive name that no pattern can make."""

import re

from planes.scrub.rules.judging.extents import full_end
from planes.scrub.rules.judging.other_meanings import is_column_of_provider
from planes.scrub.rules.judging.plausible import (
    is_code,
    is_default,
    is_jumbled,
    is_placeholder,
    is_sensitive,
    looks_random,
)
from planes.scrub.rules.judging.prose import is_common, is_common_text
from planes.scrub.rules.judging.source_code import is_class, is_declared_type, is_of_union, is_text_of_code

# Names that end in a sensitive word and are harmless: cursors, marks of a language model's vocabulary, public halves.
_OTHER_HALVES = (
    b"page next sync skip delta resume continuation public publickey publishable foreign cancel stop".split()
)
_DIGESTS = b"checksum fingerprint sha256".split()
_WORDS_OF_MODELS = b"eos pad bos unk sep cls mask no max min num".split()
_HARMLESS_BEGINNINGS = re.compile(
    rb"(?:%s)(?<!rsync)[_-]?$|(?:%s)[/-]$|(?:^|[^a-z])(?:%s)[_-]$"
    % (b"|".join(_OTHER_HALVES), b"|".join(_DIGESTS), b"|".join(_WORDS_OF_MODELS))
)
# One of these ends what stands before, less one sign: two looks at the end say so in a fifth of the pattern's time.
_HARMLESS_ENDS = (*_OTHER_HALVES, *_DIGESTS, *_WORDS_OF_MODELS)
_LONGEST_HARMLESS = len("continuation_") + 1
# `pass` as a word, which also counts what passed and tells that something did.
BARE_PASS = re.compile(rb"pass(?![0-9A-Za-z_-])", re.IGNORECASE)
# The name of something sensitive: `"input_token": "NextToken"`.
_NAME_OF_ONE = re.compile(
    rb"^[A-Za-z_]{0,40}(?:[a-z](?:Token|Key|Password|Secret)|[A-Za-z]_(?:token|key|password|secret))s?$"
)
IN_MASK = re.compile(rb"\[masked:[^\] \t]*$")
DOTTED = re.compile(rb"^[A-Za-z_]+(?:\.[A-Za-z_]+)+$")
FILE = re.compile(
    rb"^(?:~|[.]{1,2})?(?:/[.]?[a-z0-9_-][a-z0-9_.@-]*){2,}$|^~/[a-z0-9_./-]+$"
    rb"|^[.]?[a-z][a-z0-9_-]*(?:/[.]?[a-z][a-z0-9_.-]*){2,}$|^[.]?[a-z][a-z0-9_-]*(?:/[a-z0-9_.-]+)+[.][a-z]{2,5}$"
)
IDENTIFIER = re.compile(rb"^[A-Za-z_-]+$")
_SECRET_DATA = re.compile(rb"\"(?:data|stringData)\\*\"[ ]?:[ ]?\{[^{}]*$")
# The lines of a box behind a value whose quote closes below.
_BOX_BEHIND = re.compile(rb"(?:[ \t]+(?:\xe2\x94[\x82\x83]|\xe2\x95\x91))+[ \t]*$")
# What a parser calls a token: `Token(type='NAME', value='select')`; and the names and keywords that such a one holds.
_LEXER = re.compile(rb"tokens?(?![0-9A-Za-z_-])", re.IGNORECASE)
_LEXEME = re.compile(rb"[A-Za-z]{1,12}|[a-z]+(?:_[a-z]+)+|[A-Z]+(?:_[A-Z]+)+")
# Where a Secret of Kubernetes lies: `secret="default/pg"`.
_SECRET_PLACE = re.compile(rb"[a-z][a-z0-9-]*/[a-z][a-z0-9.-]*")
# `secrets = "vault"` says where they are.
_PLURAL = re.compile(rb"(?:secret|token|credential)s(?![0-9A-Za-z_-])", re.IGNORECASE)
# Where a shell is.
_WORKING_FOLDER = re.compile(rb"(?:OLD)?PWD=")
_BARE_SECRET = re.compile(rb"secret(?![0-9A-Za-z_-])", re.IGNORECASE)
# A call that reads a variable or a setting, before its name.
_READER = re.compile(
    rb"(?:env\w*|environ\w*|get\w*|fetch|config|setting|property|default)\(?[ \t]*[bru]?[\"'][\w.-]*$", re.IGNORECASE
)
# `${DB_PASSWORD:-postgres}` before the name.
_IN_VARIABLE = re.compile(rb"\$\{[\w.:#!-]*$")
UUID = re.compile(rb"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$")


def is_other_name(line: bytes, begin: int) -> bool:
    """Whether what stands before `begin` makes the name harmless (`next_page_token`), or it stands in a mask."""
    before = line[max(0, begin - 128) : begin].lower()
    is_flag = line[begin : begin + 2] == b" -"  # behind a word of its own: `rclone sync --secret-key x`
    if (before.endswith(_HARMLESS_ENDS) or before[:-1].endswith(_HARMLESS_ENDS)) and (
        not is_flag and _HARMLESS_BEGINNINGS.search(before, max(0, len(before) - _LONGEST_HARMLESS)) is not None
    ):
        return True
    mark = before.rfind(b"[masked:")
    return mark >= 0 and IN_MASK.match(before, mark) is not None


def quoted(line: bytes, begin: int, start: int, end: int) -> int:
    """A value in quotes: anything but a placeholder or an address (addresses have rules of their own)."""
    if line[start:end].find(b"\xe2") >= 0 and line[end : end + 1] not in (b'"', b"'", b"`"):
        end = start + len(_BOX_BEHIND.sub(b"", line[start:end]))
    end = full_end(line, start, end)
    end = unjoined(line, start, end)
    secret = line[start:end]
    if len(secret) < 3 or is_placeholder(secret) or is_other_name(line, begin) or secret[:24].find(b"://") >= 0:
        return -1
    if is_lexeme(line, begin, secret) or is_place_of_secret(line, begin, secret) or _is_told_of(line, begin, secret):
        return -1
    if _WORKING_FOLDER.match(line, begin) and secret[:1] == b"/" and secret.find(b"/", 1) > 0:
        return -1
    if (_PLURAL.match(line, begin) and is_common(secret)) or is_column_of_provider(line, begin, secret):
        return -1
    if line[start - 1 : start] in (b'"', b"'"):
        if is_text_of_code(line, begin, start, end) or _closes_query(line, begin, start):
            return -1
    elif is_class(secret) or is_of_union(line, start):
        return -1
    if BARE_PASS.match(line, begin, start) and (
        len(secret) < 4 or (secret.isdigit() and len(secret) < 6) or is_common(secret)
    ):
        return -1
    if _NAME_OF_ONE.match(secret) or (line[start - 1 : start] == b"{" and DOTTED.match(secret)):
        return -1
    if secret.find(b"{") >= 0 and line[start - 2 : start - 1] in (b"f", b"F"):
        return -1
    is_vague = line[begin : begin + 10].lower() == b"credential"
    return -1 if is_vague and not looks_random(secret) and (secret.find(b" ") >= 0 or IDENTIFIER.match(secret)) else end


# What a description of a key or token says: "The import token to send with a subsequent request."
_DESCRIPTION = re.compile(rb"(?:The|An?|This|Your|If|Specifies|Identifies)(?:[ ][A-Za-z0-9'`,()/-]+){5,60}\.$")
# By which a client of a cloud asks for the next page: `"input_token": "Marker"`.
_OF_PAGES = re.compile(rb"(?:^|[^A-Za-z])(?:in|out)put_$", re.IGNORECASE)
_WORDS = re.compile(rb"[A-Za-z]+(?:\.[A-Za-z]+)*")
_PAGE = re.compile(rb"next|token|marker|cursor|page|start|last|position|offset|name|id$", re.IGNORECASE)
# What such a sentence speaks of; a phrase that is a secret itself does not.
_SUBJECT = re.compile(rb"\b(?:tokens?|keys?|secrets?|credentials?|identifiers?|sessions?|signatures?|ID)\b")


def is_of_password(line: bytes, begin: int) -> bool:
    """Whether a name begins as those of passwords do, by which no sentence, number or page is meant."""
    return line[begin : begin + 4].lower().startswith((b"pass", b"pwd", b"pswd", b"kenn"))


def _is_told_of(line: bytes, begin: int, secret: bytes) -> bool:
    """Whether a sentence describes a key or token, or names the member of an answer that holds the next one."""
    if is_of_password(line, begin):
        return False
    if secret[-1:] == b"." and _DESCRIPTION.match(secret) and _SUBJECT.search(secret):
        return True
    is_token = line[begin : begin + 5].lower() == b"token" and _OF_PAGES.search(line, max(0, begin - 8), begin)
    return bool(is_token) and _WORDS.fullmatch(secret) is not None and _PAGE.search(secret) is not None


def _closes_query(line: bytes, begin: int, start: int) -> bool:
    """Whether the quote behind a name closes an address in which it has no value: `"/?api_key=" a:1`."""
    is_parameter = line[begin - 1 : begin] in (b"?", b"&") and line[start - 2 : start - 1] == b"="
    is_apart = line[start : start + 1] in (b" ", b"\t", b",", b")", b"]", b"}", b">")
    return is_parameter and is_apart and line.count(line[start - 1 : start], 0, begin) % 2 == 1


def beside(line: bytes, begin: int, start: int, end: int) -> int:
    """The value of a pair on one line; without quotes, the bracket of a call may follow it: `value=None)`."""
    if line[start - 1 : start] not in (b'"', b"'") and is_placeholder(line[start:end].partition(b")")[0]):
        return -1
    return quoted(line, begin, start, end)


def is_lexeme(line: bytes, begin: int, secret: bytes) -> bool:
    """Whether a parser's token holds a name or a keyword of its language; `access_token` is none of a parser's."""
    if line[begin : begin + 1] == b"<":
        begin += 1  # `<token kind="identifier">orders</token>`
    if not _LEXER.match(line, begin) or (begin and (line[begin - 1 : begin].isalnum() or line[begin - 1] in b"_.-")):
        return False
    return _LEXEME.fullmatch(secret) is not None


def is_place_of_secret(line: bytes, begin: int, secret: bytes) -> bool:
    """Whether a value is where a secret lies, as stores and Kubernetes name it (`secret: dwh/password`)."""
    is_place = _BARE_SECRET.match(line, begin) is not None and _SECRET_PLACE.fullmatch(secret) is not None
    return is_place and not looks_random(secret)


def unjoined(line: bytes, start: int, end: int) -> int:
    """The end of a value without the backslash that joins its line to the next."""
    is_joined = end == len(line) and line[end - 1 : end] == b"\\" and line[end - 2 : end - 1] != b"\\"
    return end - 1 if is_joined and line[start - 1 : start] not in (b'"', b"'") else end


def is_in_variable(line: bytes, begin: int) -> bool:
    """Whether a name stands in `${…}`, which rules of their own look at."""
    return _IN_VARIABLE.search(line, max(0, begin - 128), begin) is not None


def default(line: bytes, begin: int, start: int, end: int) -> int:
    """What a variable falls back on: known words such as `postgres` are no secret."""
    return -1 if is_default(line[start:end]) else quoted(line, begin, start, end)


def message_or_default(line: bytes, begin: int, start: int, end: int) -> int:
    """What stands behind the colon in `${NAME:-…}`; behind `:?` a message does, in `${secret:…}` the name of one."""
    name = line[begin:start]
    if b" " in line[start:end] or name.endswith(b"?") or (name[2:-1].isalpha() and name.islower()):
        return random(line, begin, start, end)
    return default(line, begin, start, end)


def pair(line: bytes, begin: int, start: int, end: int) -> int:
    """A text behind a sensitive one, as in a list of headers; a list of names is none."""
    if is_default(line[start:end]) and _READER.search(line, max(0, begin - 80), begin):
        return -1
    end = full_end(line, start, end)
    if IDENTIFIER.match(line[start:end]):
        is_tuple = line[max(0, begin - 24) : begin].rstrip(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-")
        is_erlang = line[begin : begin + 1] == b"{" and line[end + 1 : end + 2] == b"}"
        alone = is_erlang or (
            is_tuple.endswith((b"('", b'("', b"(b'", b"['", b'["', b"[ '", b'{"', b'{,"'))
            and line[end + 1 : end + 2] in (b")", b"]")
        )
        if not alone or end - start < 8 or is_sensitive(line[start:end]) or is_common(line[start:end]):
            return -1
    if line[start:end].find(b" ") >= 0 and is_common_text(line[start:end]):
        return -1
    return quoted(line, begin, start, end)


def random(line: bytes, begin: int, start: int, end: int) -> int:
    """A value that looks made by a generator, where names and prose are as likely."""
    return quoted(line, begin, start, end) if looks_random(line[start:end]) else -1


# What tells one run of a test from the others: `test_token[27-refresh_token]`
_PARAMETERS_OF_TEST = re.compile(
    rb"(?:[0-9]{1,4}|[A-Za-z]+(?:_[A-Za-z]+)*)(?:-(?:[0-9]{1,4}|[A-Za-z]+(?:_[A-Za-z]+)*))+"
)
_TEST = re.compile(rb"test_\w*$")


def in_brackets(line: bytes, begin: int, start: int, end: int) -> int:
    """A value in brackets behind a name; words and numbers with which a test is called are none."""
    if _PARAMETERS_OF_TEST.fullmatch(line, start, end) and _TEST.search(line, max(0, begin - 128), begin):
        return -1
    return random(line, begin, start, end)


def jumbled(line: bytes, begin: int, start: int, end: int) -> int:
    """A value that a generator made, or a number of sixteen digits in base 16, where code is as likely."""
    secret = line[start:end]
    is_made = is_jumbled(secret) or (len(secret) >= 16 and not secret.strip(b"0123456789abcdef"))
    return random(line, begin, start, end) if is_made else -1


# Of what a variable tells whose name goes on behind that of a secret: `TOKEN_URL`, `SECRET_KEY_ID`.
_ABOUT = re.compile(
    rb"_(?:IDS?|NAME|URLS?|URI|ENDPOINT|FILE|PATH|DIR|TYPE|ARN|HASH|VERSION|HOST|REGION|SHA[0-9]*|FINGERPRINT"
    rb"|CHECKSUM|DIGEST|ISSUER|SUBJECT|AUDIENCE|CLIENT|ACCOUNT|PREFIX|SUFFIX|SCOPES?)[\"']?[ ]?[=:][ ]?[\"']?$"
)


def variable(line: bytes, begin: int, start: int, end: int) -> int:
    """A value that looks made, behind a variable whose name holds that of a secret."""
    secret = line[start:end]
    if _ABOUT.search(line, begin, start) or not is_jumbled(secret) or UUID.match(secret) or secret.find(b"/") == 0:
        return -1
    return quoted(line, begin, start, end)


def given(line: bytes, begin: int, start: int, end: int) -> int:
    """A text that a call is given or gives: none where a function is declared, and no name of a secret."""
    if line[:begin].find(b"def ") >= 0:
        return -1
    return -1 if IDENTIFIER.match(line[start:end]) and end - start < 8 else quoted(line, begin, start, end)


# `session: boto3.session.Session`, `synchronize_session: SynchronizeSessionArgument`
_ARGUMENT = re.compile(rb"(?:[A-Z][a-z]+){2,}$|(?:[a-z][a-z0-9]*\.)+[A-Z][a-z]+$")


def session(line: bytes, begin: int, start: int, end: int) -> int:
    """The id of a session; in a name of a cloud's resource it is none."""
    word = line[max(0, begin - 128) : begin].rpartition(b" ")[2]
    if word.find(b"arn:") >= 0 or is_declared_type(line, start) or _ARGUMENT.match(line[start:end]):
        return -1
    return random(line, begin, start, end)


def parameter(line: bytes, begin: int, start: int, end: int) -> int:
    """A value of a signed address: long, or with a digit."""
    secret = line[start:end]
    if not any(48 <= byte <= 57 for byte in secret) and len(secret) < 24:
        return -1
    return quoted(line, begin, start, end)


def signature(line: bytes, begin: int, start: int, end: int) -> int:
    """A signature or a response to a challenge."""
    return parameter(line, begin, start, end) if looks_random(line[start:end]) else -1


def mixed(line: bytes, _: int, start: int, end: int) -> int:
    """Random tokens hold a digit, names in code mostly do not."""
    return end if any(48 <= byte <= 57 for byte in line[start:end]) else -1


# What stands before a value that a program prints at its end and that is no secret: an id, a digest, a place.
_OTHER_END = re.compile(
    rb"(?:commit|sha[0-9]*|hash|digest|id|ids|rev|revision|etag|checksum|version|path|file|folder|url|uri|host|at|on|by"
    rb"|user|name|account|cursor|fingerprint|thumbprint|algorithm|type|format|scope|status|code|state|arn|image|tag"
    rb"|table|column|model|query|job|run|request|trace|span|node|pod|branch|key|ref)"
    rb"[\"'`)\]]*[ \t]*[:=]?[ \t]*[\"'`]?$",
    re.IGNORECASE,
)
# `SHA2-256(token.bin)= …`, as tools print digests of files.
_DIGEST = re.compile(rb"\)[ ]?=[ ]$")
_FARTHEST = 200


def far(line: bytes, begin: int, start: int, end: int) -> int:
    """A value at the end of a message that names something sensitive farther ahead, as errors print what they got."""
    secret = line[start:end]
    is_quoted = line[start - 1 : start] in (b"'", b'"', b"`")
    is_near = start - begin <= _FARTHEST and len(secret) >= (12 if is_quoted else 20)
    if _DIGEST.search(line, begin, start) and not secret.strip(b"0123456789abcdef"):
        return -1
    if not is_near or _OTHER_END.search(line[max(0, start - 40) : start]) or UUID.match(secret):
        return -1
    return random(line, begin, start, end) if is_quoted or is_jumbled(secret) else -1


def short_name(line: bytes, begin: int, start: int, end: int) -> int:
    """A value of `pass` or `pw`, which also count what passed."""
    secret = line[start:end]
    if secret.isdigit() or is_code(secret) or (secret.isalpha() and len(secret) < 12):
        return -1
    return quoted(line, begin, start, end)


def secret_object(line: bytes, begin: int, start: int, end: int) -> int:
    """A value that an object holds whose type names a secret; tokens of a parser are none."""
    is_token = b"token" in line[begin:start].lower().partition(b"(")[0]
    return (random if is_token else quoted)(line, begin, start, end)


def secret_member(line: bytes, begin: int, start: int, end: int) -> int:
    """A member of what a Kubernetes Secret holds."""
    is_inside = _SECRET_DATA.search(line[max(0, start - 4096) : start])
    return quoted(line, begin, start, end) if is_inside else -1


def person(line: bytes, _: int, start: int, end: int) -> int:
    """A person's name behind a telling key: up to the blank at its end, no placeholder, no type."""
    secret = line[start:end].rstrip(b" .")
    if is_placeholder(secret) or not secret[:1].strip() or (secret.islower() and is_code(secret)):
        return -1
    if line[start - 1 : start] in (b'"', b"'"):
        return start + len(secret)
    words = secret.split(b" ")
    kept = [word for word in words[:4] if word[:1].isupper() or not word[:1].isascii()] or words[:1]
    return start + len(b" ".join(kept))
