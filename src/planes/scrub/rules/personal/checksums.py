"""Numbers that prove themselves: payment cards by Luhn, bank accounts (IBAN) by mod 97."""

import itertools
import re

from planes.scrub.rules.model import Rule

_SEPARATORS = b" -"
_BLANK = 0x20
_STEPS = 3  # between four groups
# Groups of a dump in hexadecimal beside it, of which one shows that it is no number.
_GROUPS_BEFORE = re.compile(rb"(?:(?<![0-9A-Za-z])[0-9A-Fa-f]{4}[ -]){2}$")
_GROUPS_BEHIND = re.compile(rb"(?:[ -][0-9A-Fa-f]{4}(?![0-9A-Za-z])){2}")
# Whole rows of such a dump, behind where they stand in the file.
_ROW = re.compile(
    rb"[ ]{0,2}(?:[0-9a-f]{6,15}0:?|0[0-7]{5,14}[02468]0)[ ]{1,2}[0-9A-Fa-f]{4}(?:[ ][0-9A-Fa-f]{4}){7}(?:[ ]{2}|$)"
)
_LETTER = re.compile(rb"[A-Fa-f]")
# Bank accounts' lengths by country (SWIFT's registry).
_COUNTRIES_BY_LENGTH = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
# Those whose accounts are digits alone behind the country.
_ALL_DIGITS = frozenset(b"AE AT BA BE CZ DE DK EE ES FI FO GL HR HU IL IS LT ME NO PL PT RS SE SI SK TN VA XK".split())
_IBAN_LENGTHS = {country: length for length, countries in _COUNTRIES_BY_LENGTH.items() for country in countries.split()}


_VALUES = bytes.maketrans(b"0123456789", bytes(range(10)))
# Every second digit from the right counts twice, and then as the sum of its own digits.
_DOUBLED = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))


def luhn_valid(digits: bytes) -> bool:
    """Whether a run of digits passes the Luhn check."""
    return (sum(digits[::-2].translate(_VALUES)) + sum(digits[-2::-2].translate(_DOUBLED))) % 10 == 0


def iban_valid(account: bytes) -> bool:
    """Whether an account number has its country's length and passes mod 97."""
    text = account.decode("ascii")
    if _IBAN_LENGTHS.get(text[:2]) != len(text):
        return False
    number = "".join(str(int(character, 36)) for character in text[4:] + text[:4])
    return int(number) % 97 == 1


def _judge_card(line: bytes, _: int, start: int, end: int) -> int:
    digits = line[start:end].translate(None, _SEPARATORS)
    different = len(set(digits)) > 1
    return end if different and luhn_valid(digits) and not _is_dumped(line, start, end) else -1


def _counts_up(line: bytes, start: int, end: int) -> bool:
    """Whether each group is the one after the last, as in tables of signs (`5211 5212 5213 5214`)."""
    if int(line[end - 4 : end]) - int(line[start : start + 4]) != _STEPS:
        return False
    return all(int(later) - int(earlier) == 1 for earlier, later in itertools.pairwise(line[start:end].split()))


# So many numbers more, before or behind, of which the next four are no card.
_MANY_BEFORE = re.compile(rb"(?:[0-9]{3,6}[ ]){8}$")
_MANY_BEHIND = re.compile(rb"(?:[ ][0-9]{3,6}){8}")


def _is_in_row(line: bytes, start: int, end: int) -> bool:
    """Whether four groups are some of many numbers (`2436 2749 2761 2772 2864 …`)."""
    before, behind = _MANY_BEFORE.search(line, max(0, start - 56), start), _MANY_BEHIND.match(line, end)
    beside = (before and before[0].split()[-4:], behind and behind[0].split()[:4])
    return any(groups and not luhn_valid(b"".join(groups)) for groups in beside)


def _is_dumped(line: bytes, start: int, end: int) -> bool:
    beside = (_GROUPS_BEFORE.search(line, max(0, start - 10), start), _GROUPS_BEHIND.match(line, end))
    if line[start + 4] == _BLANK and _counts_up(line, start, end):
        return True
    if line[start + 4] == _BLANK and _is_in_row(line, start, end):
        return True
    if line[start + 4] == _BLANK and _ROW.match(line):
        return True
    return any(groups and _LETTER.search(groups[0]) for groups in beside)


def _judge_iban(line: bytes, _: int, start: int, end: int) -> int:
    length = _IBAN_LENGTHS.get(line[start : start + 2].decode("ascii"), 0)
    taken, place = 0, start
    while place < end and taken < length:
        taken += line[place] != 32
        place += 1
    stops = place >= len(line) or not line[place : place + 1].isalnum()
    if line[start : start + 2] in _ALL_DIGITS and not line[start + 2 : place].replace(b" ", b"").isdigit():
        return -1
    return place if stops and iban_valid(line[start:place].translate(None, b" ")) else -1


# Neither a part of a longer number, of a word, of a fraction, nor of an identifier with dashes may be a card.
_BEFORE = rb"(?:^|[^0-9A-Za-z_.+/-]|\\[nrt])"
_BEHIND = rb"(?:$|[^0-9A-Za-z_.+/-]|[.](?:$|[^0-9]))"

# In the scan: the same, or the letter of an escape such as `\n`; it may begin at a line, so that what ended the one
# before is not there to see. A third of all fractions that programs print in full
# (`0.4839…`) would look like a card, were the point not told there.
_SCAN_BEFORE_CARD = rb"(?:(?m:^)|[^0-9A-Za-z_.+/-]|[nrt])"
_SCAN_BEFORE_IBAN = rb"(?:(?m:^)|[^0-9A-Za-z_+/-]|[nrt])"

CHECKSUM_RULES: tuple[Rule, ...] = (
    Rule(
        "card-number",
        "checksum",
        tuple(b"40 41 42 43 44 45 46 47 48 49 51 52 53 54 55 22 23 24 25 26 27 34 37 60 64 65 62 35 30 36 38".split()),
        rb"[0-9]{2}(?:[0-9]{11,12}|[0-9]{15}|[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}|[ -][0-9]{6}[ -][0-9]{4,5})\b",
        _BEFORE
        + rb"(?P<secret>62[0-9]{2}(?:[0-9]{15}|(?:[ -][0-9]{4}){3}[ -][0-9]{3})"
        + rb"|(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|6011|6[245][0-9]{2}|35[2-8][0-9])"
        + rb"(?:[0-9]{12}|(?:[ -][0-9]{4}){3})"
        + rb"|3[47][0-9]{2}(?:[0-9]{11}|[ -][0-9]{6}[ -][0-9]{5})"
        # Only in groups: numbers of 14 digits are mostly times and ids.
        + rb"|3(?:0[0-5]|[68][0-9])[0-9][ -][0-9]{6}[ -][0-9]{4})"
        + _BEHIND,
        "ISO/IEC 7812: numbering and Luhn check",
        "4242 4242 4242 4242",
        _judge_card,
        before=_SCAN_BEFORE_CARD,
    ),
    Rule(
        "iban",
        "checksum",
        tuple(country.encode("ascii") for country in _IBAN_LENGTHS),
        rb"[0-9]{2} ?[0-9A-Z]{4}",
        rb"(?:^|[^0-9A-Za-z_+/-]|\\[nrt])(?P<secret>[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]){11,40})",
        "ISO 13616: IBAN registry, mod 97",
        "GB82 WEST 1234 5698 7654 32",
        _judge_iban,
        before=_SCAN_BEFORE_IBAN,
    ),
)
