"""Numbers of persons and firms that carry a check digit; where other numbers look the same, only beside their name."""

from collections.abc import Callable

from planes.scrub.rules.model import Judge, Rule
from planes.scrub.rules.personal.checksums import luhn_valid

_BEFORE = rb"(?:^|[^0-9A-Za-z_.+/-]|\\[nrt])"
_BEHIND = rb"(?:$|[^0-9A-Za-z_+/-])"
_BETWEEN = rb"[^0-9A-Za-z\n][^0-9\n]{0,23}"


def _digits(number: bytes) -> list[int]:
    return [byte - 48 for byte in number if 48 <= byte <= 57]


def _weighted(digits: list[int], weights: str) -> int:
    return sum(digit * int(weight) for digit, weight in zip(digits, weights, strict=False))


def cpf_valid(number: bytes) -> bool:
    """Brazil's CPF: two check digits, mod 11."""
    digits = _digits(number)
    if len(digits) != 11 or len(set(digits)) == 1:
        return False
    for place in (9, 10):
        total = sum(digit * (place + 1 - index) for index, digit in enumerate(digits[:place]))
        if total * 10 % 11 % 10 != digits[place]:
            return False
    return True


def dni_valid(number: bytes) -> bool:
    """Spain's DNI and NIE: a letter from the number mod 23."""
    text = number.upper().replace(b"-", b"")
    body = text[:-1].replace(b"X", b"0", 1).replace(b"Y", b"1", 1).replace(b"Z", b"2", 1)
    return body.isdigit() and b"TRWAGMYFPDXBNJZSQVHLCKE"[int(body) % 23] == text[-1]


def bsn_valid(number: bytes) -> bool:
    """The Netherlands' BSN: weighted sum mod 11."""
    digits = _digits(number)
    return len(digits) == 9 and len(set(digits)) > 1 and (_weighted(digits, "98765432") - digits[8]) % 11 == 0


def pesel_valid(number: bytes) -> bool:
    """Poland's PESEL: weighted sum mod 10."""
    digits = _digits(number)
    return len(digits) == 11 and (_weighted(digits, "1379137913") + digits[10]) % 10 == 0 and len(set(digits)) > 1


def nhs_valid(number: bytes) -> bool:
    """The NHS number: weighted sum mod 11."""
    digits = _digits(number)
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    check = 11 - sum(digit * (10 - index) for index, digit in enumerate(digits[:9])) % 11
    return check % 11 == digits[9] and check != 10


def nir_valid(number: bytes) -> bool:
    """France's NIR: 97 less the number mod 97."""
    digits = bytes(byte for byte in number if 48 <= byte <= 57)
    return len(digits) == 15 and 97 - int(digits[:13]) % 97 == int(digits[13:])


def steuer_valid(number: bytes) -> bool:
    """Germany's tax identification number: ISO 7064 mod 11,10."""
    digits = _digits(number)
    if len(digits) != 11 or digits[0] == 0:
        return False
    product = 10
    for digit in digits[:10]:
        total = (digit + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == digits[10]


def ssn_valid(number: bytes) -> bool:
    """A number that the United States could have given out."""
    area, group, serial = number.split(b"-")
    return area not in (b"000", b"666") and area < b"900" and group != b"00" and serial != b"0000"


def codice_valid(number: bytes) -> bool:
    """Italy's codice fiscale: a letter from odd and even places."""
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    values = [byte - 48 if byte < 58 else byte - 65 for byte in number]
    total = sum(value if index % 2 else odd[value] for index, value in enumerate(values[:15]))
    return total % 26 == values[15]


def sin_valid(number: bytes) -> bool:
    """Canada's SIN: Luhn."""
    return luhn_valid(bytes(byte for byte in number if 48 <= byte <= 57))


def _checked(valid: Callable[[bytes], bool]) -> Judge:
    def judge(line: bytes, _: int, start: int, end: int) -> int:
        return end if valid(line[start:end]) else -1

    return judge


def identity(name: str, signs: str, number: bytes, sample: str, source: str, valid: Callable[[bytes], bool]) -> Rule:
    """A number beside its name; `signs` are the ways to write the name, separated by blanks."""
    names = tuple(sign.encode("ascii") for sign in signs.split(" "))
    words = b"|".join(names)
    pattern = rb"(?i)(?:^|[^0-9a-z]|\\[nrt])(?:" + words + rb")" + _BETWEEN + rb"(?P<secret>" + number + rb")" + _BEHIND
    follow = rb"[^0-9A-Za-z\n]"
    return Rule(name, "checksum", names, follow, pattern, source, sample, _checked(valid), any_case=True)


NATIONAL_RULES: tuple[Rule, ...] = (
    identity(
        "brazil-cpf",
        "cpf",
        rb"[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-?[0-9]{2}",
        "CPF 529.982.247-25",
        "Receita Federal: CPF",
        cpf_valid,
    ),
    identity(
        "spain-dni",
        "dni nie nif",
        rb"[0-9XYZ][0-9]{7}-?[A-Z]",
        "DNI 12345678Z",
        "Ministerio del Interior: NIF",
        dni_valid,
    ),
    identity(
        "netherlands-bsn",
        "bsn burgerservicenummer",
        rb"[0-9]{9}",
        "BSN 111222333",
        "RvIG: burgerservicenummer",
        bsn_valid,
    ),
    identity("poland-pesel", "pesel", rb"[0-9]{11}", "PESEL 44051401359", "gov.pl: PESEL", pesel_valid),
    identity(
        "uk-nhs-number",
        "nhs",
        rb"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}",
        "NHS 943 476 5919",
        "NHS: number format",
        nhs_valid,
    ),
    identity(
        "france-nir",
        "nir insee secu nss",
        rb"[12][0-9]{12}[ ]?[0-9]{2}",
        "NIR 255081416802538",
        "INSEE: NIR",
        nir_valid,
    ),
    identity(
        "germany-tax-id",
        "steuer-id steuerid idnr steueridentifikationsnummer",
        rb"[1-9][0-9]{10}",
        "Steuer-ID 86095742719",
        "BZSt: Identifikationsnummer",
        steuer_valid,
    ),
    identity(
        "us-ssn",
        "ssn social_security social-security",
        rb"[0-9]{3}-[0-9]{2}-[0-9]{4}",
        "SSN 219-09-9999",
        "SSA: number format",
        ssn_valid,
    ),
    identity(
        "canada-sin",
        "sin_number social_insurance",
        rb"[0-9]{3}(?:[ -][0-9]{3}){2}",
        "sin_number 046 454 286",
        "Service Canada: SIN",
        sin_valid,
    ),
    Rule(
        "italy-codice-fiscale",
        "checksum",
        tuple(b"ABCDEHLMPRST"[place : place + 1] for place in range(12)),
        rb"[0-9]{2}[A-Z][0-9]{3}[A-Z]",
        _BEFORE + rb"(?P<secret>[A-Z]{6}[0-9]{2}[ABCDEHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z])" + _BEHIND,
        "Agenzia delle Entrate: codice fiscale",
        "RSSMRA85T10A562S",
        _checked(codice_valid),
        before=rb"[0-9]",
    ),
)
