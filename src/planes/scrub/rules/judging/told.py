"""Decisions about values that sentences, prompts and lists tell beside a name."""

import re

from planes.scrub.rules.judging.command_judges import flag
from planes.scrub.rules.judging.extents import full_end, tail_end
from planes.scrub.rules.judging.judges import FILE, IDENTIFIER, UUID, is_of_password, is_other_name, quoted
from planes.scrub.rules.judging.key_judges import is_table_key
from planes.scrub.rules.judging.login_judges import is_place_of_login
from planes.scrub.rules.judging.looks import (
    HEXADECIMAL,
    PUNCTUATED_MADE,
    counts,
    is_wordy,
    looks_made,
    stands_out,
    tail_stop,
)
from planes.scrub.rules.judging.other_meanings import is_of_several
from planes.scrub.rules.judging.plausible import is_code, is_jumbled, is_placeholder, is_type, looks_random
from planes.scrub.rules.judging.prose import is_common, is_common_text, phrase_end
from planes.scrub.rules.judging.unquoted import filled_end

# Verbs behind which `password to …` tells what it became, as no `enter your password to continue` does.
_CHANGES = re.compile(rb"(?:set|chang|reset|updat|rotat|switch|assign)", re.IGNORECASE)
# A line that begins with a setting: `spark.ssl.keyStorePassword  x`
_SETTING = re.compile(rb"[ \t(]*[a-z]\w*(?:\.[\w-]+)+\.[\w-]*$")
_ITEM_END = re.compile(rb"[\"' ]")
_NO_DIGIT = re.compile(rb"[^0-9]+")
_CALLED = re.compile(rb"[A-Za-z_][\w.:]*=?$")
_NUMBERED_WORD = re.compile(rb"[A-Za-z]{4,}[0-9]{0,6}")
_PASSWORD_NAMES = (b"pass", b"pwd", b"pswd", b"secret", b"_pass", b"-pass", b"kennwort")
_FOREIGN_PASSWORDS = tuple(b"contrase senha mot mdp wachtw haslo heslo jelsz losenord adgang".split())
# Letters with a capital inside, as no word of prose has.
_TURNED = re.compile(rb"(?=.*[a-z][A-Z])[A-Za-z]{8,}$")
# What stands before a name that is alone with its value on a line.
_ALONE = re.compile(rb"[ \t]*(?:[a-z0-9]{1,20}[_-])?$", re.IGNORECASE)
_VARIABLE_ALONE = re.compile(rb"[ \t]*[A-Za-z0-9]{1,20}[_-]$")
# What rules of passwords ask for: both cases and a digit.
_MIXED = re.compile(rb"(?=.*[a-z])(?=.*[A-Z].*[A-Z])(?=.*[0-9])[!-~]{8,}$")
# `password for user 'loader'`
_OF_USER = re.compile(
    rb"[ ](?:for|of|from|by)[ ](?:the[ ])?(?:user(?:name)?|account|login|role|host)[ ]?[\"'`]?$", re.IGNORECASE
)


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
    """The password behind its user (`logged in as me / …`); where a login is kept is none, and no line of HTTP."""
    is_version = line[start - 5 : start].upper() == b"HTTP/"  # `POST /login HTTP/1.1\r\nHost: …`
    return -1 if is_version or is_place_of_login(line, start, end) else apart_or_word(line, begin, start, end)


def answered(line: bytes, begin: int, start: int, end: int) -> int:
    """What was typed at a prompt: it must look random, or be words joined as in a passphrase."""
    if is_of_several(line, start):
        return -1
    secret = line[start:end].rstrip(b".,;:)!]}>")
    is_last = not line[end:].strip(b" \t\r")
    is_made = looks_random(secret) or is_wordy(secret) or (is_last and stands_out(secret))
    if _OF_USER.search(line[begin:start]) or not is_made or (secret.isdigit() and counts(line[begin:start])):
        return -1
    return quoted(line, begin, start, start + len(secret))


def apart(line: bytes, begin: int, start: int, end: int) -> int:
    """A value in prose or a table beside a name: it must look random and be neither identifier, path nor date."""
    end = _apart(line, begin, start, end)
    return filled_end(line, begin, start, tail_end(line, begin, start, end)) if end > start else -1


# Where a text that shows its line breaks goes on with another line: `X-Api-Key: …\r\nHost: …`.
_SHOWN_BREAK = re.compile(rb"\\+r\\+n")


# A pair of a record: `set size:83608 disposed:false`.
_FIELD = re.compile(rb"[a-z]{2,12}:[0-9]+ [a-z]{2,12}:")
# The next type of a union: `credentials: FileSystemCredentials | AbstractFileSystem`.
_UNION = re.compile(rb":[ ](?:[A-Za-z_.]+[ ][|][ ])+$")
# A line behind a count in a text that shows its breaks: `token 0\\ntoken 1`
_COUNTED = re.compile(rb"[0-9]{1,3}\\+n")
# `"https://example.com/account/password" "Mozilla/5.0 …`, `"/?token" 0000561228C56078`: the name ends an address.
_ENDS_ADDRESS = re.compile(rb"(?:://|[?])[^ \t\"'`]*$")
# `Mozilla/5.0`, `0000561228C56078`, and words.
_BEHIND_ADDRESS = re.compile(
    rb"(?:[A-Za-z][\w.+-]{0,60}/v?[0-9][\w.+-]{0,20}|0{4}[0-9A-F]{12}|[A-Za-z./-]{1,64})[\"'`,;]*"
)
_CLOSES_ADDRESS = re.compile(rb"[\w.-]*[\"'`][ ]")
# `RESTClient.paginate`
_METHOD = re.compile(rb"(?:[A-Z]+[a-z]+)+\.[a-z]+(?:_[a-z]+)*(?:\(\))?")
_SYSTEM_FILE = re.compile(rb"(?:^|[ ])/(?:etc|usr|lib|opt|var|bin|sbin|srv)/[\w./+-]*$")
_DIGEST_LENGTHS = (32, 40, 64, 128)
_LONGEST_PATH = 256


def _is_checksum(line: bytes, begin: int, start: int, end: int) -> bool:
    """Whether a value is the digest of the file before it, as packages list them: `/etc/pam.d/passwd eaf2ad85…`."""
    if end - start not in _DIGEST_LENGTHS or not HEXADECIMAL.fullmatch(line, start, end):
        return False
    return _SYSTEM_FILE.search(line, max(0, begin - _LONGEST_PATH), begin) is not None


def _apart(line: bytes, begin: int, start: int, end: int) -> int:
    if ends := _SHOWN_BREAK.search(line, start, end):
        end = ends.start()
    if (line[end : end + 1] == b"(" and _CALLED.match(line, start, end)) or line[start : start + 1] == b"[":
        return -1
    stripped = line[start:end].rstrip(b".,;:)]}>")
    is_quoted = line[start - 1 : start] in (b"'", b'"', b"`")
    if not is_quoted and stripped.isalpha() and is_placeholder(stripped) and phrase_end(line, start) < 0:
        return -1  # whatever tells it: `| password | password |`
    if (
        line[start - 1 : start + 1] == b"--"
        or _FIELD.match(line, start)
        or (line.rfind(b"| ", start - 2, start) >= 0 and _UNION.search(line, max(0, start - 160), start))
    ):
        return -1
    if _METHOD.fullmatch(stripped) or _is_checksum(line, begin, start, end):
        return -1
    if _COUNTED.match(stripped) and not is_of_password(line, begin):
        return -1
    is_other = _CLOSES_ADDRESS.match(line, begin, start) is not None and _BEHIND_ADDRESS.fullmatch(stripped) is not None
    if is_other and _ENDS_ADDRESS.search(line, max(0, begin - _LONGEST_PATH), begin):
        return -1
    if _OF_USER.search(line[begin:start]):
        return -1
    end = start + len(stripped)
    if looks_random(stripped.rstrip(b"!")) or is_wordy(stripped):
        return quoted(line, begin, start, end)
    if FILE.match(stripped):
        return -1
    name = line[begin:start].lower()
    if stands_out(stripped) and name.rstrip(b" \t\"'`").endswith((b":**", b":__", b":</b>", b":</strong>")):
        return quoted(line, begin, start, end)
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


def beside(line: bytes, begin: int, start: int, end: int) -> int:
    """A word in quotes at once behind a name of another language: it holds more than letters, as words there do not."""
    secret = line[start:end]
    is_made = looks_random(secret) or UUID.match(secret)
    is_made = is_made or (not IDENTIFIER.match(secret) and not is_common_text(secret))
    is_number = secret.isdigit() and len(secret) < 8
    return quoted(line, begin, start, end) if is_made and not is_number and secret.isascii() else -1


# A link behind which a sentence tells a value and nothing else, and a name of two words, or one that lets in.
_TELLS = re.compile(
    rb"(?:[=:]|->|[ ](?:is|was|are|to|es|est|ist|er|jest|lautet|\xc3\xa8|\xc3\xa9|\xc3\xa4r))[ \t]*[\"'`]?$"
)
_PRECISE = re.compile(
    rb"(?:[A-Za-z]+[ _-])+(?:key|token|secret|hash|code|phrase)s?(?![0-9A-Za-z])|[a-z]+(?:Key|Token|Secret)"
    rb"|(?i:(?:[a-z]+[ ])?\w*(?:passw|passphrase|passcode|pwd|secret(?!s)|contrase|senha|mot[ _]de"
    rb"|wachtw|has[lt]o|kennw|\xd0|\xe5|\xe3))"
)

# `logged in with password …`
_USES = re.compile(rb"(?:[Ww]ith|[Uu]sing)[ ](?:the[ ]|a[ ])?(?:[a-z]+[ ])?$")
_PASSWORD = re.compile(rb"pass(?:w|phrase|code)", re.IGNORECASE)
# What is said of a value behind its name: `token … expired`, `secret […] from backend`.
_VERDICT = re.compile(
    rb"[)\]]?[ ]{1,2}(?:is|was|has|not|expired|rejected|revoked|refused|invalid|denied|failed|for"
    rb"|from|does|with|against|too)\b"
)
_FOLDER = re.compile(rb"(?:~|[$][{]?\w+[}]?)?/")
_IN_BRACKETS = re.compile(rb"[)\]][ \t\r.]*$")
_NEXT_SENTENCE = re.compile(rb"[.!][ ]+[A-Z]")


_NAME_BEFORE = re.compile(rb"(?:[A-Za-z]+[ _-])?[\w.-]*$")


def _told_end(line: bytes, begin: int, start: int, end: int) -> int:
    """Where a value ends that stands out behind a precise name which tells it; -1: none does.

    In a sentence it ends the line, or stands in quotes; behind the name of a variable that begins the line it ends it.
    """
    is_quoted = line[start - 1 : start] in (b"'", b'"', b"`")
    first = max(0, begin - 32)
    before = _NAME_BEFORE.search(line, first, begin)
    name = line[before.start() if before else first : start].lstrip()
    secret = line[start:end]
    if not _PRECISE.match(name) or is_other_name(line, begin) or FILE.match(secret) or _FOLDER.match(secret):
        return -1
    if is_table_key(line[begin:start].lower().rstrip(b" \t:=\"'")) or (secret.isdigit() and counts(name)):
        return -1
    if is_quoted:
        phrase = phrase_end(line, start)
        if phrase > end and line[phrase : phrase + 1] == line[start - 1 : start]:
            return phrase
        is_told = looks_made(secret) or (UUID.match(secret) and _TELLS.search(line, begin, start))
        return end if is_told and line[end : end + 1] == line[start - 1 : start] else -1
    is_first = _VARIABLE_ALONE.match(line, 0, begin) or (_ALONE.match(line, 0, begin) and b"_" in line[begin:start])
    is_enclosed = line[start - 1 : start] in (b"(", b"[") and _IN_BRACKETS.match(line, end)
    if (is_enclosed or _VERDICT.match(line, end)) and looks_made(secret):
        return end
    is_told = is_first or _TELLS.search(line, begin, start) or _USES.search(line, first, begin)
    if not line[end:].strip(b".,;\"'`)! \t\r"):
        is_id = UUID.match(secret) or HEXADECIMAL.fullmatch(secret)  # `revoked api_token …`, by its id
        return end if looks_made(secret) and (is_told or not is_id) else -1
    if not is_told:
        return -1
    if _PASSWORD.match(line, begin) and _USES.search(line, first, begin) and looks_made(secret):
        return end
    if _NEXT_SENTENCE.match(line, end):
        return end if looks_made(secret) else -1
    phrase = phrase_end(line, start)
    return phrase if phrase > end and not line[phrase:].strip(b".! \t\r") else -1


def told(line: bytes, begin: int, start: int, end: int) -> int:
    """A value that a sentence tells some words behind its name: random, and no number that such sentences hold."""
    secret = line[start:end].rstrip(b".,;:)]}>!")
    is_value = line[:start].rstrip(b" \"'`").endswith(b"value")
    is_password = line[begin : begin + 5].lower() == b"passw"
    is_given = is_value or (is_password and line[:start].rstrip(b" \"'`").endswith((b"=", b":")))
    is_short = is_password and stands_out(secret) and not line[start + len(secret) :].strip(b" \t\r.\"'`)")
    if not (looks_random(secret) or is_short) or (HEXADECIMAL.fullmatch(secret) and not is_given):
        return -1
    if not is_value and not is_password and not (len(secret) >= 16 and is_jumbled(secret)):
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
    if secret.find(b" ") < 0 and PUNCTUATED_MADE.match(secret) and not is_placeholder(secret):
        return quoted(line, begin, start, start + len(secret))
    return apart_or_word(line, begin, start, start + len(secret))


_VARIABLE = re.compile(rb"[A-Za-z0-9]+(?:[_.-]+[A-Za-z0-9]+)+|[A-Z]?[a-z0-9]+(?:[A-Z][a-z0-9]*)+")
_LINKED = re.compile(rb"(?:is|was|set|to|as)[: ]+[\"'`]?$|[>:)\]=\x92][ \t]*[\"'`]?$|[(\[][\"'`]?$")


_WORD_BEFORE = re.compile(rb"[\w.-]*$")


def _is_variable(line: bytes, begin: int, start: int) -> bool:
    """Whether the name is one of a variable (`webhook_secret`, no word of a sentence), linked to what follows."""
    first = max(0, begin - 80)
    before = _WORD_BEFORE.search(line, first, begin)
    place = before.start() if before else begin
    if _VARIABLE.match(line, place, start) is None:
        return False
    is_command = line[max(0, place - 4) : place].lower() in (b"set ", b"put ")
    return is_command or _LINKED.search(line[begin:start]) is not None
