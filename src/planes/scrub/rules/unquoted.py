"""Decisions about values without quotes: where they end, and what tells them from code, prose and tables."""

import re

from planes.scrub.rules.extents import enclosed_end, full_end, quote_inside_end, tail_end
from planes.scrub.rules.judges import (
    BARE_PASS,
    DOTTED,
    FILE,
    IDENTIFIER,
    UUID,
    flag,
    is_in_variable,
    is_lexeme,
    is_other_name,
    is_place_of_login,
    is_place_of_secret,
    is_table_key,
    quoted,
    unjoined,
)
from planes.scrub.rules.plausible import is_code, is_jumbled, is_placeholder, is_type, looks_random
from planes.scrub.rules.prose import is_common, is_common_text, phrase_end
from planes.scrub.rules.source_code import is_reference

# Where a value in a list of values ends: before the next name, before a closing bracket.
_NEXT_VALUE = re.compile(
    rb"[,;|](?:[ \t]|$|[\"']?[A-Za-z_][\w.-]*[\"']?[=:])|&(?:[ \t]|$|[A-Za-z_][\w.-]*=)|%(?:26|3[Bb])"
    rb"|[)\]}>]+[,.;:]?$|[)\]}>]+[,;]|\\+[nrt](?:[A-Z\\]|$)"
)
# A type with parameters (`dictionary<values=string>`); a call whose text in quotes has rules of its own.
_WORD_BEFORE = re.compile(rb"^.*?([\w.-]+)[ \t]*[:=]?[ \t]*$", re.DOTALL)
_GENERIC = re.compile(rb"[A-Za-z_]+<[A-Za-z_&][\w&' ,:<>=\[\]]*>")
_OPEN_CALL = re.compile(rb"[A-Za-z_][\w.]*\((?:[a-z_]+=)?[bru]?")
_AMOUNT = re.compile(rb"(?:[0-9][0-9.,]*(?:[mun]?s|[mhdkKMB%]|/[smh])?/?)+")
_NEXT_PAIR = re.compile(rb"[a-z_]\w*=[^=]|[A-Z][A-Za-z]*:[^/]")
# Verbs behind which `password to …` tells what it became, as no `enter your password to continue` does.
_CHANGES = re.compile(rb"(?:set|chang|reset|updat|rotat|switch|assign)", re.IGNORECASE)
# A line that begins with a setting: `spark.ssl.keyStorePassword  x`
_SETTING = re.compile(rb"[ \t(]*[a-z]\w*(?:\.[\w-]+)+\.[\w-]*$")
_ITEM_END = re.compile(rb"[\"' ]")
_NEXT_PARAMETER = re.compile(rb"[&#]")
# An expression that goes on behind a comma: `cast(X, y)`, `[a, b]`.
_CALL = re.compile(rb"[A-Za-z_][\w.]*[(\[]|\[|\(")
_NO_DIGIT = re.compile(rb"[^0-9]+")
_CALLED = re.compile(rb"[A-Za-z_][\w.:]*=?$")
# Words joined as in a passphrase; a word with what rules of passwords ask for.
_JOINED_WORDS = re.compile(rb"[A-Za-z]{3,12}(?:[-_.+][A-Za-z]{3,12}){2,7}[0-9]{0,4}[!?]?")
_STRENGTHENED = re.compile(rb"[A-Z][a-z]{3,12}[-_.]?[0-9]{2,6}[!?#$%&*@.]{1,3}")
_NUMBERED_WORD = re.compile(rb"[A-Za-z]{4,}[0-9]{0,6}")
_COLUMN = re.compile(rb"_?[a-z]+(?:_[a-z]+)+")
_COLUMN_NAME = re.compile(rb"[a-z]+(?:_[a-z]+)+|[A-Z]+(?:_[A-Z]+)+")
_PASSWORD_NAMES = (b"pass", b"pwd", b"pswd", b"secret", b"_pass", b"-pass", b"kennwort")
_FOREIGN_PASSWORDS = tuple(b"contrase senha mot mdp wachtw haslo heslo jelsz losenord adgang".split())
# Letters with a capital inside, as no word of prose has.
_TURNED = re.compile(rb"(?=.*[a-z][A-Z])[A-Za-z]{8,}$")
# What stands before a name that is alone with its value on a line.
_ALONE = re.compile(rb"[ \t]*(?:[a-z0-9]{1,20}[_-])?$", re.IGNORECASE)
_VARIABLE_ALONE = re.compile(rb"[ \t]*[A-Za-z0-9]{1,20}[_-]$")
# As ODBC quotes: `PWD={a;b}`
_BRACED = re.compile(rb"\{([^{}:,\n]{3,128})\}(?=;|[\"']?$)")
# What rules of passwords ask for: both cases and a digit.
_MIXED = re.compile(rb"(?=.*[a-z])(?=.*[A-Z].*[A-Z])(?=.*[0-9])[!-~]{8,}$")
# `password for user 'loader'`
_OF_USER = re.compile(
    rb"[ ](?:for|of|from|by)[ ](?:the[ ])?(?:user(?:name)?|account|login|role|host)[ ]?[\"'`]?$", re.IGNORECASE
)
_OF_LOGIN = re.compile(rb"user|login|host|port[ \t]*[:=]", re.IGNORECASE)
_BARS = b" \t\r|\"'`\xe2\x94\x82\x83\x95\x91"
# A cell that begins the row, before the one of the name: then names of columns may stand in all of them.
_OTHER_CELL = re.compile(rb"[ \t|]*[A-Za-z_][\w ]*[ \t]*[|]?[ \t]*$")
_BARS_BEFORE = re.compile(rb"[ \t|\"'`\xe2\x94\x82\x83\x95\x91]*[0-9A-Za-z_.:-]*$")
_PLACE_IN_FILE = re.compile(rb"[\w./-]+\.[a-z]{1,4}:[0-9]{1,6}")
_USER_BEFORE = re.compile(rb"://[^/?#@:]*$")
_MEMBERS = re.compile(rb"\{[\"']?\w+[\"']?:$")
_ASCII_SIGN = re.compile(rb"[0-9A-Za-z]")
# What follows a word in a sentence: another one.
_PROSE_BEHIND = re.compile(rb"[ \t]+(?:[A-Za-z&]|- |-[a-z])")
_WORD = re.compile(rb"^[A-Za-z]+[.,!?:;]?$")


def listed(line: bytes, begin: int, start: int, end: int) -> int:
    """Texts in a list behind a sensitive name, the first of which looks random: names stand in lists too."""
    first = _ITEM_END.split(line[start:end], maxsplit=1)[0]
    if is_other_name(line, begin):
        return -1
    whole = full_end(line, start, start + len(first))
    if line[whole + 1 : whole + 2] == b"]" and apart_or_word(line, begin, start, whole) >= 0:
        return max(end, whole)
    if looks_random(first) or stands_out(first):
        return max(end, whole)
    phrase = phrase_end(line, start)
    return max(end, phrase) if phrase > start and line[phrase : phrase + 1] == line[start - 1 : start] else -1


def apart_or_word(line: bytes, begin: int, start: int, end: int) -> int:
    """A value that a prompt or a sentence shows: also words, unless messages are made of them."""
    secret = line[start:end].rstrip(b".,;:)!]}>")
    is_word = len(secret) >= 8 and secret.isalpha() and not is_common(secret)
    if looks_random(secret) or is_wordy(secret) or is_word or stands_out(secret):
        return quoted(line, begin, start, start + len(secret))
    return -1


def login(line: bytes, begin: int, start: int, end: int) -> int:
    """The password behind its user (`logged in as me / …`); where a login is kept is none."""
    return -1 if is_place_of_login(line, start, end) else apart_or_word(line, begin, start, end)


def answered(line: bytes, begin: int, start: int, end: int) -> int:
    """What was typed at a prompt: it must look random, or be words joined as in a passphrase."""
    secret = line[start:end].rstrip(b".,;:)!]}>")
    is_last = not line[end:].strip(b" \t\r")
    is_made = looks_random(secret) or is_wordy(secret) or (is_last and stands_out(secret))
    if _OF_USER.search(line[begin:start]) or not is_made or (secret.isdigit() and counts(line[begin:start])):
        return -1
    return quoted(line, begin, start, start + len(secret))


def cell(line: bytes, begin: int, start: int, end: int) -> int:
    """What stands alone in the cell beside a name: not the name of the next column, no type, no status."""
    secret = line[start:end].rstrip(b" \t\"'`")
    words = is_common_text(secret) if secret.find(b" ") >= 0 else is_common(secret)
    if (
        words
        or is_type(secret)
        or is_code(secret)
        or (len(secret) < 6 and secret.isalpha())
        or _COLUMN_NAME.fullmatch(secret)
    ):
        return -1
    if (secret.isdigit() and len(secret) < 8) or (
        secret.isalpha() and secret.islower() and _OTHER_CELL.match(line, 0, begin)
    ):
        return -1
    return quoted(line, begin, start, start + len(secret))


def is_wordy(secret: bytes) -> bool:
    """Whether a text is words that no sentence joins so (`purple-falcon-tunnel`), or one made strong (`Falcon77!`)."""
    if _STRENGTHENED.fullmatch(secret):
        return not is_common_text(secret)
    return len(secret) >= 14 and bool(_JOINED_WORDS.fullmatch(secret)) and not is_common_text(secret)


def apart(line: bytes, begin: int, start: int, end: int) -> int:
    """A value in prose or a table beside a name: it must look random and be neither identifier, path nor date."""
    end = _apart(line, begin, start, end)
    return filled_end(line, begin, start, tail_end(line, begin, start, end)) if end > start else -1


def _apart(line: bytes, begin: int, start: int, end: int) -> int:
    if (line[end : end + 1] == b"(" and _CALLED.match(line, start, end)) or line[start : start + 1] == b"[":
        return -1
    stripped = line[start:end].rstrip(b".,;:)]}>")
    if _OF_USER.search(line[begin:start]):
        return -1
    end = start + len(stripped)
    if looks_random(stripped.rstrip(b"!")) or is_wordy(stripped):
        return quoted(line, begin, start, end)
    if FILE.match(stripped):
        return -1
    name = line[begin:start].lower()
    if stands_out(stripped) and not line[end:].strip(b".,;\"'`)]! \t\r") and _is_variable(line, begin, start):
        return quoted(line, begin, start, end)
    if _SETTING.match(line, 0, begin) and not line[end:].strip(b" \t\r)") and stripped.isalpha():
        return -1 if is_common(stripped) else quoted(line, begin, start, end)
    if UUID.match(stripped) and not line[end:].strip() and _VARIABLE_ALONE.match(line, 0, begin):
        return quoted(line, begin, start, end)
    if (told := _told_end(line, begin, start, end)) > end:
        return told
    if told == end:
        return quoted(line, begin, start, end)
    if not name.startswith(_PASSWORD_NAMES):
        is_foreign = not name.isascii() or name.startswith(_FOREIGN_PASSWORDS)
        is_password = is_foreign and _TURNED.match(stripped) and not line[end:].strip(b".,;\"'`)! \t\r")
        return quoted(line, begin, start, end) if is_password else -1
    if not line[end:].strip() and _ALONE.match(line, 0, begin) and name.strip().find(b" ") < 0:
        # As in a netrc: more than letters, which would be prose.
        is_prose = stripped.rstrip(b".,:;!?").isalpha() or (is_common_text(stripped) and not UUID.match(stripped))
        return -1 if is_prose else flag(line, begin, start, end)
    if not line[end:].strip(b" \t\r.,;\"'`") and _MIXED.match(stripped) and not is_common_text(stripped):
        return quoted(line, begin, start, end)
    link = name.rstrip(b" \t\"'`")
    is_quoted = line[start - 1 : start] in (b"'", b'"', b"`")
    ends = (b":", b"is", b"was", b"to") if _CHANGES.search(line, max(0, begin - 40), start) else (b":", b"is", b"was")
    is_told = is_quoted or (link.find(b" ") >= 0 and link.endswith(ends))
    is_whole = not line[end:].strip(b".,;\"'`)! \t\r")
    if link == b"pass" and is_quoted and not is_whole and _NO_DIGIT.fullmatch(stripped):
        return -1  # what a function is given: "pass `explicit`, a dict of"
    if stripped.isdigit():
        return quoted(line, begin, start, end) if is_told and len(stripped) >= 8 else -1
    if is_quoted and not IDENTIFIER.match(stripped):
        return -1 if is_common_text(stripped) else quoted(line, begin, start, end)
    if not is_told or not (is_whole or is_quoted):
        return -1
    if phrase_end(line, start) > end:
        return phrase_end(line, start)
    is_word = _NUMBERED_WORD.fullmatch(stripped) and not is_common(stripped.rstrip(b"0123456789"))
    return quoted(line, begin, start, end) if is_word else -1


# Letters, a digit, and two signs that no identifier, path or number holds side by side.
_PUNCTUATED_MADE = re.compile(
    rb"(?=.*[0-9])(?=.*[A-Za-z])"
    rb"(?=.*[!#$%^&*?@+~<>=;|{}\[\]()\\`\"',][^ ]*[!#$%^&*?@+~<>=;|{}\[\]()\\`\"',:/._-])[!-~]{8,}$"
)
# A link behind which a sentence tells a value and nothing else, and a name of two words, or one that lets in.
_TELLS = re.compile(
    rb"(?:[=:]|->|[ ](?:is|was|are|to|es|est|ist|er|jest|lautet|\xc3\xa8|\xc3\xa9|\xc3\xa4r))[ \t]*[\"'`]?$"
)
_PRECISE = re.compile(
    rb"(?:[a-z]+[ _-])+(?:key|token|secret|hash|code|phrase)s?(?![0-9A-Za-z])|[a-z]+(?:Key|Token|Secret)"
    rb"|(?i:\w*(?:passw|passphrase|passcode|pwd|secret(?!s)|contrase|senha|mot[ _]de"
    rb"|wachtw|has[lt]o|kennw|\xd0|\xe5|\xe3))"
)


def _told_end(line: bytes, begin: int, start: int, end: int) -> int:
    """Where a value ends that stands out behind a precise name which tells it; -1: none does.

    In a sentence it ends the line, or stands in quotes; behind the name of a variable that begins the line it ends it.
    """
    is_quoted = line[start - 1 : start] in (b"'", b'"', b"`")
    first = max(0, begin - 32)
    before = re.search(rb"(?:[A-Za-z]+[ _-])?[\w.-]*$", line[first:begin])
    name = line[first + (before.start() if before else 0) : start].lstrip()
    secret = line[start:end]
    if not _PRECISE.match(name) or is_other_name(line, begin) or FILE.match(secret) or secret[:1] == b"/":
        return -1
    if is_table_key(line[begin:start].lower().rstrip(b" \t:=\"'")) or (secret.isdigit() and counts(name)):
        return -1
    if is_quoted:
        phrase = phrase_end(line, start)
        if phrase > end and line[phrase : phrase + 1] == line[start - 1 : start]:
            return phrase
        is_told = _is_shown(secret) or (UUID.match(secret) and _TELLS.search(line, begin, start))
        return end if is_told and line[end : end + 1] == line[start - 1 : start] else -1
    is_first = _VARIABLE_ALONE.match(line, 0, begin) or (_ALONE.match(line, 0, begin) and b"_" in line[begin:start])
    if not _TELLS.search(line, begin, start) and not is_first:
        return -1
    if not line[end:].strip(b".,;\"'`)! \t\r"):
        return end if _is_shown(line[start:end]) else -1
    phrase = phrase_end(line, start)
    return phrase if phrase > end and not line[phrase:].strip(b".! \t\r") else -1


def _is_shown(secret: bytes) -> bool:
    return stands_out(secret) or (_PUNCTUATED_MADE.match(secret) is not None and not is_placeholder(secret))


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


_HEXADECIMAL = re.compile(rb"[0-9a-f]+|[0-9A-F]+")


def told(line: bytes, begin: int, start: int, end: int) -> int:
    """A value that a sentence tells some words behind its name: random, and no number that such sentences hold."""
    secret = line[start:end].rstrip(b".,;:)]}>!")
    if not looks_random(secret) or _HEXADECIMAL.fullmatch(secret):
        return -1
    if b"passw" not in line[begin : begin + 5].lower() and not (len(secret) >= 16 and is_jumbled(secret)):
        return -1
    return quoted(line, begin, start, start + len(secret))


def shown(line: bytes, begin: int, start: int, end: int) -> int:
    """What a place shows that is only there for the value of a name: words and types are none."""
    secret = line[start:end].rstrip(b" \t")
    stop = tail_stop(secret) if line[start - 1 : start] not in (b"`", b">") else len(secret)
    secret = secret[:stop].rstrip(b".,;:)]}" if stop < len(secret) or line[start - 1 : start] == b" " else b"")
    if is_type(secret) or is_code(secret) or (len(secret) < 8 and secret.isdigit()):
        return -1
    if stands_out(secret) or looks_random(secret) or is_wordy(secret) or phrase_end(line, start) > start:
        return quoted(line, begin, start, max(phrase_end(line, start), start + len(secret)))
    if secret.find(b" ") < 0 and _PUNCTUATED_MADE.match(secret) and not is_placeholder(secret):
        return quoted(line, begin, start, start + len(secret))
    return apart_or_word(line, begin, start, start + len(secret))


# Where a list or a record goes on behind a value without quotes.
_NEXT_ITEM = re.compile(rb"[,;)\]}>|]+(?:[ \t]|$)")


def tail_stop(secret: bytes) -> int:
    """Where a value without quotes ends in a record: at a border that a blank follows."""
    found = _NEXT_ITEM.search(secret)
    return found.start() if found else len(secret)


# What counts tokens, and does not hold one.
_COUNTS = re.compile(rb"(?i:tokens?|keys|secrets|credentials)[\"'`\])]*[ \t:=]*(?:is|was|are)?[ \t:=]*$")


def counts(name: bytes) -> bool:
    """Whether a number behind a name is as likely how many there are."""
    return _COUNTS.search(name) is not None


_LONGEST_CELL = 4096
_GAP = re.compile(rb"[ ]{2}|\t")


def gap(line: bytes, begin: int, start: int, end: int) -> int:
    """The cell beside a name in a table of blanks: one that stands out, or a phrase."""
    end = min(end, start + _LONGEST_CELL)
    cut = _GAP.search(line, start, end)
    stop = cut.start() if cut else end
    stop = start + len(line[start:stop].rstrip(b" \t\r"))
    secret = line[start:stop]
    if secret.isdigit() and counts(line[begin:start]):
        return -1
    if secret.find(b" ") >= 0:
        return phrase_end(line, start) if phrase_end(line, start) == stop and not is_other_name(line, begin) else -1
    is_made = stands_out(secret) or looks_random(secret) or is_wordy(secret) or _PUNCTUATED_MADE.match(secret)
    return quoted(line, begin, start, stop) if is_made and not is_type(secret) and not is_code(secret) else -1


def made(line: bytes, begin: int, start: int, end: int) -> int:
    """A value where a name, a type or a status is as likely: it looks made, or is a phrase that no sentence holds."""
    secret = line[start:end].rstrip(b" \t\r")
    end = start + len(secret)
    if is_type(secret) or is_code(secret) or FILE.match(secret) or (secret.isdigit() and counts(line[begin:start])):
        return -1
    is_made = looks_random(secret) or stands_out(secret) or is_wordy(secret) or _PUNCTUATED_MADE.match(secret)
    return quoted(line, begin, start, end) if is_made or phrase_end(line, start) == end else -1


def cell_between(line: bytes, begin: int, start: int, end: int) -> int:
    """A value two cells behind its name; hexadecimal is the id or the digest of what is called so."""
    return -1 if _HEXADECIMAL.fullmatch(line[start:end]) else made(line, begin, start, end)


_VARIABLE = re.compile(rb"[A-Za-z0-9]+(?:[_.-]+[A-Za-z0-9]+)+|[A-Z]?[a-z0-9]+(?:[A-Z][a-z0-9]*)+")
_LINKED = re.compile(rb"(?:is|was|set|to|as)[: ]+[\"'`]?$|[>:)\]=\x92][ \t]*[\"'`]?$|[(\[][\"'`]?$")
_PUNCTUATED = re.compile(rb"(?=.*[a-z])(?=.*[A-Z])(?=.*[!#$%^&*?@+~])[!-~]{8,}$")
_NUMBERED = re.compile(rb"(?:[A-Za-z]{6,}[0-9]|[A-Za-z]{4,}[0-9]{2,6})[!?#$]?$")
# Two words and a number, as people make up passwords.
_TWO_WORDS = re.compile(rb"[A-Za-z]{3,12}[-_.!@#$%+][A-Za-z]{3,12}[0-9]{2,6}[!?#$]?$")


def _is_variable(line: bytes, begin: int, start: int) -> bool:
    """Whether the name is one of a variable (`webhook_secret`, no word of a sentence), linked to what follows."""
    first = max(0, begin - 80)
    before = re.search(rb"[\w.-]*$", line[first:begin])
    place = first + before.start() if before else begin
    if _VARIABLE.match(line, place, start) is None:
        return False
    is_command = line[max(0, place - 4) : place].lower() in (b"set ", b"put ")
    return is_command or _LINKED.search(line[begin:start]) is not None


def stands_out(secret: bytes) -> bool:
    """Whether a text is more than a word behind the name of a variable: an id, a long number, a word with a number."""
    if UUID.match(secret) or (secret.isdigit() and len(secret) >= 8):
        return True
    if _TWO_WORDS.match(secret):
        return not is_common_text(secret)
    if _NUMBERED.match(secret):
        return not is_common(secret.rstrip(b"0123456789!?")) and not secret.startswith((b"base", b"scram"))
    return _STRENGTHENED.fullmatch(secret) is not None or _PUNCTUATED.match(secret) is not None


def plain(line: bytes, begin: int, start: int, end: int) -> int:
    """A value without quotes: find its end, and tell it from code and prose."""
    if is_other_name(line, begin) or is_in_variable(line, begin) or is_reference(line, start):
        return -1
    end = unjoined(line, start, end)
    secret = line[start:end]
    if _GENERIC.match(line, start) or (_OPEN_CALL.fullmatch(secret) and line[end : end + 1] in (b"'", b'"')):
        return -1
    if _is_apart(line, start) and _NEXT_PAIR.match(secret) and (secret[:1].islower() or b"{" in line[:begin]):
        return -1  # `password= host=db`, `{Password: SSLMode:require}`: an empty value
    if secret[:2] == b"//" and line[start - 1 : start] == b":":
        return -1  # the name is the scheme of an address
    if secret[:1] == b"/" and secret.endswith(b"/" + _WORD_BEFORE.sub(rb"\1", line[:start])[-128:]):
        return -1  # `db_password:/etc/credstore/db_password`
    if secret[:1] == b":" and line[start - 1 : start] == b":":
        return -1  # `test_password.py::test_it`
    if secret.startswith((b"&quot", b"&#3", b"%22", b"%27")):
        return -1  # quotes in another spelling, which have rules of their own
    word = line[max(0, begin - 1024) : begin].replace(b"\t", b" ").rpartition(b" ")[2]
    if word.find(b"arn:") >= 0:
        return -1
    if _USER_BEFORE.search(word) and secret.find(b"@") >= 0:
        return -1  # `https://token:secret@host`: addresses have rules of their own
    if secret[:1] == b"{" and line.find(b";") >= 0 and (braced := _BRACED.match(line, start)):
        return -1 if is_placeholder(braced[1]) else braced.end()
    if word.find(b"?") >= 0 or word.endswith(b"&"):
        stop = _NEXT_PARAMETER.search(secret)
    elif secret[:1] == b"{" and secret[-1:] == b"}":
        stop = None
    else:
        stop = _NEXT_VALUE.search(secret, 1)
    if stop:
        end = start + stop.start()
    if is_code(secret) or (_is_apart(line, start) and _CALL.match(line, start) and line[start:].find(b")") >= 0):
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


# A value that is shorter may be the beginning of one with a border's sign in it.
_SHORT = 4


def _is_made_with_signs(secret: bytes) -> bool:
    return len(secret) >= 8 and _MADE.match(secret) is not None


def _is_harmless(line: bytes, begin: int, start: int, end: int) -> bool:
    secret = line[start:end]
    if (
        len(secret) < 3
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
    ):
        return True
    if is_type(secret.strip(b"[]()<>,;")) or is_lexeme(line, begin, secret) or is_place_of_secret(line, begin, secret):
        return True
    if line[start - 1 : start] == b":" and secret.isalpha() and is_common(secret):
        return True  # `token:read`, as in scopes
    if name.startswith((b"x-", b"x_")) and (
        is_table_key(name.rstrip(b" \t:=\"'")) or (b"api" not in name and _COLUMN.fullmatch(secret))
    ):
        return True  # `x-row-version-key: _dlt_id`
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


def _stands_for_login(line: bytes, end: int) -> bool:
    """Whether a word behind `pass` ends its line, or the line speaks of a login."""
    return not line[end:].strip(b" \t\r,;)]}\"'") or _OF_LOGIN.search(line) is not None


def _ends_in_plural(name: bytes) -> bool:
    name = name.rstrip(b" \t:=\"'")
    return name.endswith(b"s") and not name.endswith(b"ss")


def _is_apart(line: bytes, start: int) -> bool:
    return line[start - 1 : start] in (b" ", b"\t")
