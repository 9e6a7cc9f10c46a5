"""Further numbers of persons with a check digit, each beside its name only."""

from collections.abc import Sequence

from planes.scrub.rules.model import Rule
from planes.scrub.rules.personal.checksums import luhn_valid
from planes.scrub.rules.personal.national import identity

_VERHOEFF_PRODUCT = (
    *("0123456789", "1234067895", "2340178956", "3401289567", "4012395678"),
    *("5987604321", "6598710432", "7659821043", "8765932104", "9876543210"),
)
_VERHOEFF_TURN = (
    *("0123456789", "1576283094", "5803796142", "8916043527"),
    *("9453126870", "4286573901", "2793806415", "7046913258"),
)
_CURP_SIGNS = "0123456789ABCDEFGHIJKLMN?OPQRSTUVWXYZ"


def _digits(number: bytes) -> list[int]:
    return [byte - 48 for byte in number if 48 <= byte <= 57]


def _sum(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def _luhn(number: bytes, size: int) -> bool:
    digits = bytes(byte for byte in number if 48 <= byte <= 57)[-size:]
    return len(digits) == size and len(set(digits)) > 1 and luhn_valid(digits)


def personnummer_valid(number: bytes) -> bool:
    """Sweden's personnummer: Luhn over the last ten digits."""
    return _luhn(number, 10)


def amka_valid(number: bytes) -> bool:
    """Greece's AMKA: Luhn over eleven digits."""
    return _luhn(number, 11)


def zehut_valid(number: bytes) -> bool:
    """Israel's identity number: Luhn over nine digits."""
    return _luhn(number, 9)


def fodselsnummer_valid(number: bytes) -> bool:
    """Norway's fødselsnummer: two weighted sums mod 11."""
    digits = _digits(number)
    if len(digits) != 11:
        return False
    first = _sum(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1))
    second = _sum(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
    return first % 11 == 0 and second % 11 == 0 and len(set(digits)) > 1


def hetu_valid(number: bytes) -> bool:
    """Finland's personal identity code: a sign from the number mod 31."""
    text = number.upper()
    return b"0123456789ABCDEFHJKLMNPRSTUVWXY"[int(text[:6] + text[7:10]) % 31] == text[10]


def rijksregister_valid(number: bytes) -> bool:
    """Belgium's national register number: 97 less the number mod 97, behind a 2 for births since 2000."""
    digits = "".join(map(str, _digits(number)))
    return len(digits) == 11 and any(97 - int(lead + digits[:9]) % 97 == int(digits[9:]) for lead in ("", "2"))


def contribuinte_valid(number: bytes) -> bool:
    """Portugal's NIF: weighted sum mod 11."""
    digits = _digits(number)
    check = 11 - _sum(digits[:8], range(9, 1, -1)) % 11
    return len(digits) == 9 and digits[8] == (check if check < 10 else 0)


def ahv_valid(number: bytes) -> bool:
    """Switzerland's AHV number: the check digit of EAN-13."""
    digits = _digits(number)
    return len(digits) == 13 and _sum(digits, (1, 3) * 7) % 10 == 0


def svnr_valid(number: bytes) -> bool:
    """Austria's social insurance number: weighted sum mod 11 in the fourth place."""
    digits = _digits(number)
    return len(digits) == 10 and _sum(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == digits[3]


def kimlik_valid(number: bytes) -> bool:
    """Turkey's identity number: two check digits mod 10."""
    digits = _digits(number)
    if len(digits) != 11:
        return False
    tenth = (7 * sum(digits[0:9:2]) - sum(digits[1:8:2])) % 10
    return digits[9] == tenth and digits[10] == sum(digits[:10]) % 10


def cnp_valid(number: bytes) -> bool:
    """Romania's CNP: weighted sum mod 11, ten counting as one."""
    digits = _digits(number)
    check = _sum(digits[:12], (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return len(digits) == 13 and digits[12] == (1 if check == 10 else check)


def rodne_valid(number: bytes) -> bool:
    """The Czech and Slovak birth number of ten digits: divisible by 11."""
    digits = "".join(map(str, _digits(number)))
    return len(digits) == 10 and len(set(digits)) > 1 and int(digits) % 11 == 0


def oib_valid(number: bytes) -> bool:
    """Croatia's OIB: ISO 7064 mod 11,10."""
    digits = _digits(number)
    if len(digits) != 11:
        return False
    rest = 10
    for digit in digits[:10]:
        rest = ((digit + rest) % 10 or 10) * 2 % 11
    return (11 - rest) % 10 == digits[10]


def isikukood_valid(number: bytes) -> bool:
    """The Estonian and Lithuanian personal code: weighted sums mod 11, the second where the first gives ten."""
    digits = _digits(number)
    if len(digits) != 11:
        return False
    check = _sum(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = _sum(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return digits[10] == check


def resident_id_valid(number: bytes) -> bool:
    """China's resident identity number: ISO 7064 mod 11-2."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return b"10X98765432"[_sum(_digits(number[:17]), weights) % 11] == number.upper()[17]


def rrn_valid(number: bytes) -> bool:
    """Korea's resident registration number, as it was given out until October 2020: weighted sum mod 11."""
    digits = _digits(number)
    check = (11 - _sum(digits[:12], (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10
    return len(digits) == 13 and digits[12] == check


def aadhaar_valid(number: bytes) -> bool:
    """India's Aadhaar: Verhoeff's check digit."""
    check = 0
    for place, digit in enumerate(reversed(_digits(number))):
        check = int(_VERHOEFF_PRODUCT[check][int(_VERHOEFF_TURN[place % 8][digit])])
    return check == 0


def tfn_valid(number: bytes) -> bool:
    """Australia's tax file number: weighted sum mod 11."""
    digits = _digits(number)
    return len(digits) == 9 and len(set(digits)) > 1 and _sum(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def rut_valid(number: bytes) -> bool:
    """Chile's RUT: mod 11, ten as K."""
    digits, last = _digits(number[:-1]), number.upper()[-1:]
    check = 11 - _sum(digits[::-1], (2, 3, 4, 5, 6, 7) * 2) % 11
    return last == {10: b"K", 11: b"0"}.get(check, str(check).encode())


def curp_valid(number: bytes) -> bool:
    """Mexico's CURP: weighted sum of its signs mod 10."""
    text = number.upper().decode("ascii")
    total = sum(_CURP_SIGNS.index(sign) * (18 - place) for place, sign in enumerate(text[:17]))
    return (10 - total % 10) % 10 == int(text[17])


def pps_valid(number: bytes) -> bool:
    """Ireland's PPS number: a letter from the weighted sum mod 23."""
    text = number.upper().decode("ascii")
    letters = "WABCDEFGHIJKLMNOPQRSTUV"
    second = 9 * letters.index(text[8]) if len(text) > 8 else 0
    return letters[(_sum(_digits(number[:7]), range(8, 1, -1)) + second) % 23] == text[7]


def nric_valid(number: bytes) -> bool:
    """Singapore's NRIC and FIN: a letter from the weighted sum mod 11."""
    text = number.upper().decode("ascii")
    total = _sum(_digits(number), (2, 7, 6, 5, 4, 3, 2)) + (4 if text[0] in "TG" else 0)
    return ("JZIHGFEDCBA" if text[0] in "ST" else "XWUTRQPNMLK")[total % 11] == text[8]


def nino_valid(number: bytes) -> bool:
    """A national insurance number that the United Kingdom could have given out."""
    return number.upper()[:2] not in (b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ")


IDENTITY_RULES: tuple[Rule, ...] = (
    identity(
        "sweden-personnummer",
        "personnummer samordningsnummer",
        rb"(?:19|20)?[0-9]{6}[-+]?[0-9]{4}",
        "personnummer 811218-9876",
        "Skatteverket: personnummer",
        personnummer_valid,
    ),
    identity(
        "norway-fodselsnummer",
        "fodselsnummer fnr",
        rb"[0-9]{6}[ ]?[0-9]{5}",
        "fodselsnummer 01010750160",
        "Skatteetaten: fødselsnummer",
        fodselsnummer_valid,
    ),
    identity(
        "finland-hetu",
        "hetu henkilotunnus",
        rb"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]",
        "HETU 131052-308T",
        "DVV: personal identity code",
        hetu_valid,
    ),
    identity(
        "belgium-register-number",
        "rijksregisternummer national_register_number numero_national insz niss",
        rb"[0-9]{2}[.]?[0-9]{2}[.]?[0-9]{2}[-.]?[0-9]{3}[.]?[0-9]{2}",
        "rijksregisternummer 85.07.30-033.28",
        "IBZ: national register number",
        rijksregister_valid,
    ),
    identity(
        "portugal-nif",
        "nif contribuinte",
        rb"[1235689][0-9]{8}",
        "contribuinte 123456789",
        "Autoridade Tributária: NIF",
        contribuinte_valid,
    ),
    identity(
        "switzerland-ahv",
        "ahv ahvn13 ahv-nr avs_number oasi",
        rb"756[.]?[0-9]{4}[.]?[0-9]{4}[.]?[0-9]{2}",
        "AHV 756.9217.0769.85",
        "BSV: AHV number",
        ahv_valid,
    ),
    identity(
        "austria-svnr",
        "svnr sozialversicherungsnummer",
        rb"[1-9][0-9]{3}[ ]?[0-9]{6}",
        "SVNR 1237 010180",
        "Sozialversicherung: Versicherungsnummer",
        svnr_valid,
    ),
    identity(
        "turkey-identity-number",
        "tckn tc_kimlik tc_kimlik_no kimlik_no",
        rb"[1-9][0-9]{10}",
        "TCKN 10000000146",
        "NVI: T.C. kimlik numarası",
        kimlik_valid,
    ),
    identity("romania-cnp", "cnp", rb"[1-9][0-9]{12}", "CNP 1800101221144", "DEPABD: CNP", cnp_valid),
    identity(
        "czech-birth-number",
        "rodne_cislo rodnecislo",
        rb"[0-9]{6}/?[0-9]{4}",
        "rodne_cislo 736028/5108",
        "Ministerstvo vnitra: rodné číslo",
        rodne_valid,
    ),
    identity("croatia-oib", "oib", rb"[0-9]{11}", "OIB 69435151530", "Porezna uprava: OIB", oib_valid),
    identity(
        "baltic-personal-code",
        "isikukood asmens_kodas",
        rb"[1-6][0-9]{10}",
        "isikukood 37605030299",
        "EVS 585: isikukood",
        isikukood_valid,
    ),
    identity("greece-amka", "amka", rb"[0-9]{11}", "AMKA 01011999123", "IDIKA: AMKA", amka_valid),
    identity(
        "israel-identity-number",
        "teudat_zehut mispar_zehut",
        rb"[0-9]{9}",
        "teudat_zehut 123456782",
        "Population and Immigration Authority: identity numbers",
        zehut_valid,
    ),
    identity(
        "china-resident-id",
        "id_card resident_id sfz shenfenzheng",
        rb"[1-9][0-9]{16}[0-9X]",
        "id_card 11010519491231002X",
        "GB 11643-1999: citizen identification number",
        resident_id_valid,
    ),
    identity(
        "korea-resident-number",
        "rrn resident_registration jumin",
        rb"[0-9]{6}-[0-9]{7}",
        "RRN 900101-1234568",
        "MOIS: resident registration number",
        rrn_valid,
    ),
    identity(
        "india-aadhaar",
        "aadhaar aadhar",
        rb"[2-9][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}",
        "Aadhaar 2341 2341 2346",
        "UIDAI: Aadhaar numbering scheme",
        aadhaar_valid,
    ),
    identity(
        "australia-tfn",
        "tfn tax_file_number tax-file-number",
        rb"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}",
        "TFN 123 456 782",
        "ATO: tax file number",
        tfn_valid,
    ),
    identity(
        "chile-rut",
        "rut",
        rb"[0-9]{1,2}[.]?[0-9]{3}[.]?[0-9]{3}-[0-9K]",
        "RUT 12.345.678-5",
        "Registro Civil: RUN",
        rut_valid,
    ),
    identity(
        "mexico-curp",
        "curp",
        rb"[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[0-9A-Z][0-9]",
        "CURP HEGG560427MVZRRL04",
        "RENAPO: CURP",
        curp_valid,
    ),
    identity(
        "ireland-pps",
        "ppsn pps_number pps_no",
        rb"[0-9]{7}[A-W][A-IW]?",
        "PPSN 1234567T",
        "DSP: PPS number",
        pps_valid,
    ),
    identity(
        "singapore-nric",
        "nric fin_number",
        rb"[STFG][0-9]{7}[A-Z]",
        "NRIC S1234567D",
        "ICA: NRIC",
        nric_valid,
    ),
    identity(
        "uk-national-insurance",
        "nino national_insurance national-insurance",
        rb"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ ]?[0-9]{2}[ ]?[0-9]{2}[ ]?[0-9]{2}[ ]?[A-D]",
        "NINO AB123456C",
        "HMRC: NIM39110",
        nino_valid,
    ),
)
