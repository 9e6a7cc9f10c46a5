"""Names of secrets in other languages than English, as programs and their settings use them."""

from planes.scrub.rules.judging import judges, told, unquoted
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import CLOSES, FOLLOW, GIVES, SUFFIX, named

# `_` stands for `_`, `-`, `.`, a blank, or nothing. Words that as often mean something harmless are left out.
_WORDS = """
    kennwort kennwörter passwort passwörter losungswort geheimnis geheimer_schlüssel geheimer_schluessel
    api_schlüssel api_schluessel zugangsschlüssel zugriffsschlüssel zugangsdaten zugangscode
    contraseña contrasena contraseñas clave_secreta clave_privada clave_api clave_de_api clave_acceso clave_de_acceso
    contrasenya mot_de_passe mots_de_passe motdepasse mdp clé_secrète cle_secrete clé_privée cle_privee clé_api cle_api
    clé_d_api clé_d'api clé_d'accès jeton jeton_api jeton_d_accès jeton_d'accès jeton_d'acces
    senha senhas palavra_passe chave_secreta chave_api chave_de_api
    chave_privada chave_de_acesso segredo parola_chiave parola_d_ordine parola_d'ordine chiave_segreta
    chiave_api chiave_privata
    wachtwoord wachtwoorden geheime_sleutel api_sleutel toegangscode lösenord losenord adgangskode adgangskoder passord
    kodeord salasana salainen_avain lykilorð hasło haslo hasła klucz_api tajny_klucz heslo heslá hesla tajný_klíč
    klíč_api geslo lozinka zaporka jelszó jelszo titkos_kulcs parolă parola slaptažodis slaptazodis salasõna
    şifre sifre şifresi şifreniz gizli_anahtar пароль пароли ключ_api апи_ключ секрет секретный_ключ токен лозинка
    κωδικός_πρόσβασης κωδικός κωδικος συνθηματικό סיסמה סיסמא كلمة_المرور كلمة_السر رمز_المرور گذرواژه رمز_عبور
    密码 密碼 口令 密钥 密鑰 私钥 令牌 秘密鍵 パスワード 暗証番号 トークン 비밀번호 암호 토큰 비밀_키
    mật_khẩu mat_khau kata_sandi kata_laluan รหัสผ่าน पासवर्ड
""".split()  # noqa: SIM905 - a list of words reads better than a column
# So short a word of plain letters stands alone; longer ones also as parts of a name.
_SHORT = 6


def _spellings(word: str) -> "tuple[bytes, ...]":
    """In the cases that a pattern blind to the case of ASCII does not see, and escaped as JSON does."""
    if word.isascii():
        return ((rb"\b" if len(word) < _SHORT else b"") + word.encode(),)
    cases = (word, word.capitalize(), word.upper())
    escaped = ("".join(sign if sign.isascii() else rf"\\u{ord(sign):04x}" for sign in case) for case in cases[:2])
    return tuple(dict.fromkeys(text.encode() for text in (*cases, *escaped)))


def _sign(spelling: bytes) -> bytes:
    pieces = spelling.removeprefix(rb"\b").replace(rb"\\", b"\\").split(b"_")
    return max(pieces, key=len)[:18].lower()


_SPELLINGS = tuple(spelling for word in _WORDS for spelling in _spellings(word))
FOREIGN_SIGNS = tuple(dict.fromkeys(_sign(spelling) for spelling in _SPELLINGS))
FOREIGN_KEY = rb"(?:%s)" % b"|".join(spelling.replace(b"_", b"[_. -]?") for spelling in _SPELLINGS) + SUFFIX
_SCAN = (FOREIGN_SIGNS, FOLLOW)

LANGUAGE_RULES: tuple[Rule, ...] = (
    named(
        "foreign-quoted",
        FOREIGN_KEY + CLOSES + rb"(?:" + GIVES + rb"|[ \t]*,[ \t]*)[bruf]{0,2}\\*[\"'](?P<secret>[^\"'\n]{3,})",
        '"contraseña": "<a16>"',
        judges.quoted,
        _SCAN,
        needs=(b"'", b'"'),
    ),
    named(
        "foreign-plain",
        FOREIGN_KEY + CLOSES + GIVES + rb"(?P<secret>[^ \t\r\"'`<>=\\][^ \t\r\"'`<>]*)",
        "hasło: <a16>",
        unquoted.plain,
        _SCAN,
        needs=(b"=", b":", b"%3"),
    ),
    named(
        "foreign-element",
        rb"<[0-9A-Za-z_.:-]*" + FOREIGN_KEY + rb"(?:[ \t][^<>]{0,160})?>(?P<secret>[^<>]+)</",
        "<ns:senha><a16></ns:senha>",
        judges.quoted,
        _SCAN,
        needs=(b"<",),
    ),
    named(
        "foreign-apart",
        FOREIGN_KEY
        # the article of the Nordic languages and endings of cases stand behind the word
        + rb"(?:[a-z]|[\xc3-\xd1][\x80-\xbf]){0,4}(?:[ \t]+[^ \t\n:=,;\"'`|<>()]{1,24}){0,3}?"
        rb"(?:[ \t]+(?:lautet|ist|es|est|is|jest|to|er|on|este|je|\xc3\xa8|\xc3\xa9|\xc3\xa4r)[: \t]+[\"'`]?"
        rb"|[ ]?:[ ][\"'`]?|[ \t]+[\"'`])"
        rb"(?P<secret>[^ \t\r\"'`|<>(]{8,})",
        "la contraseña es <a12>7<a4>",
        told.apart,
        _SCAN,
        needs=(b" ", b"\t"),
    ),
    named(
        "foreign-beside",
        FOREIGN_KEY + rb"[ \t]+[\"'](?P<secret>[^ \t\"'\n]{6,})[\"']",
        "hasło '<d4>-<d2>-<d2>'",
        told.beside,
        _SCAN,
        needs=(b" '", b' "', b"\t'", b'\t"'),
    ),
    named(
        "foreign-particle",
        # は, が, 是, 为, 為, 는, 은, and the colon of full width
        FOREIGN_KEY
        + rb"(?:\xe3\x81\xaf|\xe3\x81\x8c|\xe6\x98\xaf|\xe4\xb8\xba|\xe7\x82\xba"
        + rb"|\xeb\x8a\x94|\xec\x9d\x80|\xef\xbc\x9a)"
        + rb"[ \t]*[\"'`]?(?P<secret>[!-~]{6,})",
        "密码是 <a12>7<a4>",
        unquoted.plain,
        (FOREIGN_SIGNS, b""),
        needs=(b"\xe3", b"\xe6", b"\xe4", b"\xe7", b"\xeb", b"\xec", b"\xef"),
    ),
    named(
        "foreign-vague",
        # words that mean a password as well as the key of a row
        rb"(?:\b|\\[nrt])(?:clave|chave|chiave|nyckel|sleutel|klucz)"
        + CLOSES
        + rb"(?:"
        + GIVES
        + rb"[\"'`]?|[ ][\"'`])(?P<secret>[^ \t\r\"'`<>]{8,})",
        "clave: <a12>7<a4>",
        judges.random,
        ((b"clave", b"chave", b"chiave", b"nyckel", b"sleutel", b"klucz"), FOLLOW),
    ),
)
