"""Decisions about values without quotes: where they end, and what tells them from code and prose."""

import re

from planes.scrub.rules.judging.extents import enclosed_end, quote_inside_end, tail_end
from planes.scrub.rules.judging.judges import (
    BARE_PASS,
    DOTTED,
    FILE,
    IDENTIFIER,
    is_in_variable,
    is_lexeme,
    is_other_name,
    is_place_of_secret,
    unjoined,
)
from planes.scrub.rules.judging.key_judges import is_table_key
from planes.scrub.rules.judging.other_meanings import is_column_of_provider, is_of_several, is_result
from planes.scrub.rules.judging.plausible import is_code, is_placeholder, is_type, looks_random
from planes.scrub.rules.judging.prose import is_common, is_common_text, phrase_end
from planes.scrub.rules.judging.source_code import is_expression, is_reference

# Where a value in a list of values ends: before the next name, before a closing bracket.
_NEXT_VALUE = re.compile(
    rb"[,;|](?:[ \t]|$|[\"']?[A-Za-z_][\w.-]*[\"']?[=:])|&(?:[ \t]|$|[A-Za-z_][\w.-]*=)|%(?:26|3[Bb])"
    rb"|[)\]}>]+[,.;:]?$|[)\]}>]+[,;]|\\+[nrt](?:[A-Z\\]|$)"
)
# `sshpass:amd64`, as Debian names packages
_ARCHITECTURE = re.compile(rb":(?:amd64|arm64|armhf|armel|i386|riscv64|s390x|ppc64el|all)(?=[ ,)]|$)")
# What systemd takes by a pattern of names: `ImportCredential=login.*`
_NAMES_OF_UNITS = re.compile(rb"[A-Za-z_.%-]*\*(?::[A-Za-z_.-]*)?$")
# A type with parameters: `dictionary<values=string>`
_GENERIC = re.compile(rb"[A-Za-z_]+<[A-Za-z_&\[][\w&' ,:<>=\[\]|]*>")
_LONGEST_TYPE = 512
# A call whose text in quotes has rules of its own.
_OPEN_CALL = re.compile(rb"[A-Za-z_][\w.]*\((?:[a-z_]+=)?[bfru]?")
_AMOUNT = re.compile(rb"(?:[0-9][0-9.,]*+(?:[mun]?s|[mhdkKMB%]|/[smh])?/?)+")
# A bar of progress, called as what it counts: `tokens: 60it [00:00, 3507.19it/s]`
_PROGRESS = re.compile(rb"[0-9.]+[kMGT]?[A-Za-z]{1,8} \[[0-9:]{5,8}, ")
# `prompt_tokens=812`, as all that talks to a model prints them: told before all else.
_COUNT = re.compile(rb"(?:[0-9]{1,5}|[0-9]{1,4},)(?:[ \t\r]|$)")
_NEXT_PAIR = re.compile(rb"[a-z_]\w*=[^=]|[A-Z][A-Za-z]*:[^/]")
_NEXT_PARAMETER = re.compile(rb"[&#]")
# An expression that goes on behind a comma: `cast(X, y)`, `[a, b]`.
_CALL = re.compile(rb"(?:!{1,2}[a-z]|[A-Za-z_])[\w.]*[(\[]|\[|\(")
# What ends the line of a request whose last parameter has no value: `/?api_key= HTTP/1.1`
_PROTOCOL = re.compile(rb"HTTP/[0-9.]{1,3}")
# `last_auth: 2026-11-28T03:00:00Z`
_MOMENT = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9.]+)?(?:Z|[+-][0-9:]{4,6})?$")
_COLUMN = re.compile(rb"_?[a-z]+(?:_[a-z]+)+")
# As ODBC quotes: `PWD={a;b}`
_BRACED = re.compile(rb"\{([^{}:,\n]{3,128})\}(?=;|[\"']?$)")
# The same with any sign in it, where it is surely a string of a driver: `;PWD={a:b}}c};`
_BRACED_ANY = re.compile(rb"\{((?:[^}\n]|\}\}){1,128})\}(?=;|[\"']?$)")
_OF_LOGIN = re.compile(rb"user|login|host|port[ \t]*[:=]", re.IGNORECASE)
_BARS = b" \t\r|\"'`\xe2\x94\x82\x83\x95\x91"
_PLACE_IN_FILE = re.compile(rb"[\w./-]+\.[a-z]{1,4}:[0-9]{1,6}")
_USER_BEFORE = re.compile(rb"://[^/?#@:]*$")
_MEMBERS = re.compile(rb"\{[\"']?\w+[\"']?:$")
_ASCII_SIGN = re.compile(rb"[0-9A-Za-z]")
# What follows a word in a sentence: another one.
_PROSE_BEHIND = re.compile(rb"[ \t]+(?:[A-Za-z&]|- |-[a-z])")
_WORD = re.compile(rb"^[A-Za-z]+[.,!?:;]?$")


_VISIBILITY = re.compile(rb"(?:protected|private)\]=$")
_MADE = re.compile(rb"(?:(?=.*[0-9])(?=.*[A-Za-z])|(?=.*[a-z][A-Z]))[!-~]{4,}$")
# Further words up to the end of the line, or to the backslash that joins it to the next.
_REST = re.compile(rb"((?:[ ][^ \t\r\"'`=:,;(){}\[\]<>|#&\\]+){1,7})[ \t]*\\?[ \t\r]*$")
_FIRST = re.compile(rb"[ \t]*(?:(?:set|export)[ \t]+)?[\w.-]*$", re.IGNORECASE)
_VARIABLE_FIRST = re.compile(rb"[ \t]*(?:(?:set|export|SET)[ \t]+)?[A-Z][A-Z0-9_]*$|[ \t]*[a-z]\w*\.[\w.-]*$")
_DOTTED_FIRST = re.compile(rb"[ \t]*[a-z]\w*(?:\.[\w-]+)*\.[\w-]*$")


def filled_end(line: bytes, begin: int, start: int, end: int) -> int:
    """The end of a value with blanks that fills a line of settings (`db.password = two words`).

    Behind a shell's variable a command may stand, and behind a colon prose: there each word must look made.
    """
    rest = _REST.match(line, end)
    if rest is None or not _FIRST.match(line, 0, begin) or is_common_text(line[start : rest.end(1)]):
        return end
    words = line[start : rest.end(1)].split()
    if b"=" in line[begin:start] and _DOTTED_FIRST.match(line, 0, begin):
        fits = all(word[:1].isalnum() for word in words)
    else:
        fits = _VARIABLE_FIRST.match(line, 0, begin) is not None and all(map(_MADE.match, words))
    return rest.end(1) if fits else end


def plain(line: bytes, begin: int, start: int, end: int) -> int:
    """A value without quotes: find its end, and tell it from code and prose."""
    if _COUNT.match(line, start) and line[begin:start].lower().find(b"pass") < 0:
        return -1
    if is_other_name(line, begin) or is_in_variable(line, begin) or is_reference(line, start):
        return -1
    if is_expression(line, start) or (_is_apart(line, start) and _PROTOCOL.fullmatch(line, start, end)):
        return -1
    if _ARCHITECTURE.match(line, start - 1) or is_of_several(line, start) or _PROGRESS.match(line, start):
        return -1
    end = unjoined(line, start, end)
    secret = line[start:end]
    if _GENERIC.match(line, start, start + _LONGEST_TYPE) or (
        _OPEN_CALL.fullmatch(secret) and line[end : end + 1] in (b"'", b'"')
    ):
        return -1
    if _is_apart(line, start) and _NEXT_PAIR.match(secret) and (secret[:1].islower() or b"{" in line[:begin]):
        return -1  # `password= host=db`, `{Password: SSLMode:require}`: an empty value
    if secret[:2] == b"//" and line[start - 1 : start] == b":":
        return -1  # the name is the scheme of an address
    if secret[:1] == b"/" and (name := _name_before(line, begin, start)) and secret.endswith(b"/" + name):
        return -1  # `db_password:/etc/credstore/db_password`
    if _VISIBILITY.match(secret):
        return -1  # `["password":protected]=>`, whose value stands below
    if secret[:1] == b":" and line[start - 1 : start] == b":":
        return -1  # `test_password.py::test_it`
    if secret.startswith((b"&quot", b"&#3", b"%22", b"%27")):
        return -1  # quotes in another spelling, which have rules of their own
    word = line[max(0, begin - 1024) : begin].replace(b"\t", b" ").rpartition(b" ")[2]
    if word.find(b"arn:") >= 0:
        return -1
    if _USER_BEFORE.search(word) and secret.find(b"@") >= 0:
        return -1  # `https://token:secret@host`: addresses have rules of their own
    is_driver = line[:begin].rstrip(b" ")[-1:] == b";"
    in_braces = _BRACED_ANY if is_driver else _BRACED
    if secret[:1] == b"{" and line.find(b";") >= 0 and (braced := in_braces.match(line, start)):
        return -1 if is_placeholder(braced[1]) else braced.end()
    if _has_query(word):
        stop = _NEXT_PARAMETER.search(secret)
    elif secret[:1] == b"{" and secret[-1:] == b"}":
        stop = None
    else:
        stop = _NEXT_VALUE.search(secret, 1)
    if stop:
        end = start + stop.start()
    if is_code(secret.lstrip(b"([")) or (
        _is_apart(line, start) and _CALL.match(line, start) and line[start:].find(b")") >= 0
    ):
        return -1
    phrase = phrase_end(line, start)
    if phrase > end:
        return phrase
    if end - start < _SHORT and line[end : end + 1] not in (b"", b" ", b"\t", b"\r", b"'", b'"'):
        whole = tail_end(line, begin, start, end)
        end = whole if _is_made_with_signs(line[start:whole]) else end
    if _is_harmless(line, begin, start, end):
        return -1
    end = enclosed_end(line, begin, quote_inside_end(line, start, end))
    return filled_end(line, begin, start, tail_end(line, begin, start, end))


def _has_query(word: bytes) -> bool:
    """Whether a name stands among the parameters of an address; a choice of code holds brackets (`a?b(c,d):e`)."""
    query = word.rpartition(b"?")
    return word.endswith(b"&") or (bool(query[1]) and query[2].find(b"(") < 0)


# A value that is shorter may be the beginning of one with a border's sign in it.
_SHORT = 4


def _is_made_with_signs(secret: bytes) -> bool:
    return len(secret) >= 8 and _MADE.match(secret) is not None


def _is_harmless(line: bytes, begin: int, start: int, end: int) -> bool:
    secret = line[start:end]
    if (
        len(secret) < 3
        or not secret.strip(b"\\")  # before the quote of a value in a text in a text
        or is_placeholder(secret)
        or is_placeholder(secret.rstrip(b",;.)]"))
        or is_code(secret)
        or secret[:24].find(b"://") >= 0
    ):
        return True
    name = line[begin:start].lower()
    is_short_amount = len(secret) < 6 and (secret.isdigit() or _AMOUNT.fullmatch(secret))
    if is_short_amount and name.find(b"pass") < 0:
        return True
    if BARE_PASS.match(name) and (
        (secret.isdigit() and len(secret) < 8)
        or (not secret.strip(b"0123456789./%s") and not secret.isdigit())
        or (secret.isalpha() and (len(secret) < 8 or is_common(secret) or not _stands_for_login(line, end)))
        or is_result(line, begin, start, end)
    ):
        return True
    if is_column_of_provider(line, begin, secret) or (_MOMENT.match(secret) and name.find(b"pass") < 0):
        return True
    if is_type(secret.strip(b"[]()<>,;&")) or is_lexeme(line, begin, secret) or is_place_of_secret(line, begin, secret):
        return True
    if line[start - 1 : start] == b":" and secret.isalpha() and is_common(secret):
        return True  # `token:read`, as in scopes
    if name.startswith((b"x-", b"x_")) and (
        is_table_key(name.rstrip(b" \t:=\"'")) or (b"api" not in name and _COLUMN.fullmatch(secret))
    ):
        return True  # `x-row-version-key: _dlt_id`
    if _is_named_alike(line, begin, start, secret):
        return True  # `self.pipeline_salt = pipeline_salt`
    if _PLACE_IN_FILE.fullmatch(secret):
        return True  # at the right of a line by rich
    if name.startswith(b"pwd") and secret[:1] in b"/~":
        return True
    if FILE.match(secret) and name.find(b"pass") < 0:
        return True
    if (not secret.strip(b"0123456789.,[](){}-+") or _AMOUNT.fullmatch(secret)) and _ends_in_plural(name):
        return True  # `tokens: 12345678` counts them
    if name.startswith(b"credential") and not looks_random(secret) and (IDENTIFIER.match(secret) or secret[:1] == b"("):
        return True
    if name.startswith(b"credential") and _NAMES_OF_UNITS.match(secret):
        return True
    place = secret.partition(b":")
    if place[1] and IDENTIFIER.match(place[0]) and FILE.match(place[2]):
        return True  # `LoadCredential=db:/etc/credstore/db`
    rest = line[end:]
    if _MEMBERS.match(secret) or (_is_apart(line, start) and not secret.isascii() and not _ASCII_SIGN.search(secret)):
        return True  # `token: {type: string}`; prose in another script
    if _ends_in_plural(name) and secret[:1] in b"({[" and not looks_random(secret.strip(b"(){}[],")):
        return True  # a set or a call, as code and reprs write them
    if not _is_apart(line, start):
        return False
    if DOTTED.match(secret):
        return True
    goes_on = _PROSE_BEHIND.match(rest) if secret[-1:].isalnum() else rest.strip()
    return bool(_WORD.match(secret)) and bool(goes_on or is_common(secret.rstrip(b".,!?:;")))


# What code assigns: `verifier,`, `device_code}))`
_VARIABLE = re.compile(rb"([A-Za-z_]{3,64})[,;)}\]]*$")
_OF_NAMES = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-"
_SHORTEST_NAME = 6


def _name_before(line: bytes, begin: int, start: int) -> bytes:
    """The word to which a value is assigned: without a pattern, which takes long where many blanks stand between."""
    before = line[max(0, begin - 128) : start].rstrip(b" \t")
    if before.endswith((b":", b"=")):
        before = before[:-1].rstrip(b" \t")
    if before.endswith((b'"', b"'")):
        before = before[:-1]
    return before[len(before.rstrip(_OF_NAMES)) :]


def _is_named_alike(line: bytes, begin: int, start: int, secret: bytes) -> bool:
    """Whether what is assigned is called as that to which it is: by several words, its last one, or shorter."""
    name = _name_before(line, begin, start).rpartition(b".")[2]
    if _COLUMN.fullmatch(secret) and name == secret:
        return True
    assigned = _VARIABLE.match(secret)
    if assigned is None:
        return False
    letters, of_name = (word.replace(b"_", b"").lower() for word in (assigned[1], name))
    is_last = len(letters) >= _SHORTEST_NAME and of_name.endswith(letters)
    end = start + len(secret)
    is_short = line[end : end + 1] == b";" and name.rpartition(b"_")[2].startswith(assigned[1])
    return is_last or is_short


def _stands_for_login(line: bytes, end: int) -> bool:
    """Whether a word behind `pass` ends its line, or the line speaks of a login."""
    return not line[end:].strip(b" \t\r,;)]}\"'") or _OF_LOGIN.search(line) is not None


def _ends_in_plural(name: bytes) -> bool:
    name = name.rstrip(b" \t:=\"'")
    return name.endswith(b"s") and not name.endswith(b"ss")


def _is_apart(line: bytes, start: int) -> bool:
    return line[start - 1 : start] in (b" ", b"\t")
