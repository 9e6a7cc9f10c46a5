"""Calls that are given a secret or give one, and sentences that tell one some words behind its name."""

from planes.scrub.rules.judging import judges, login_judges, place_judges, told
from planes.scrub.rules.judging.plausible import is_jumbled
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import CLOSES, FOLLOW, GIVES, KEY, SIGNS, named

_TEXT = rb"[ \t]*[bru]{0,2}[\"'](?P<secret>[^\"'\n]+)"
# What stands between a name and what a sentence tells of it: words, and then a link.
_TOLD = (
    rb"(?:[ ](?:[^ \t\n:=,;\"'`|<>()\[\]{}]{1,16}|\"[^ \"\n]{1,40}\"|'[^ '\n]{1,40}')){1,6}?"
    rb"(?:(?:[ ](?:with|is|was|to|as|reads|equals|\xc3\xa8|est|ist|lautet|es)|[ ]?[:=])[ ][\"'`]?|[ ]value[ ])"
)

_GETTER = (
    rb"(?:(?:" + KEY + rb"|\bgetpass)\([^()\n]{0,60}\)|[a-z]\([^()\n]{0,30}" + KEY + rb"[\"'][^()\n]{0,20}\))"
    rb"[ \t]*(?:->|=>|\xe2\x86\x92|={1,2}|:|returned|returns|is)"
)

_BEHIND_CALL = (
    *(b")->", b")=", b"):", b")\t", b")\xe2"),
    *(b") ->", b") =", b") :", b") \xe2", b") re", b") is", b")  ", b") \t"),
)
_LINKS = (
    *(b": ", b"= ", b" with ", b" is ", b" was ", b" to ", b" as ", b" reads ", b" equals ", b" value "),
    *(b" \xc3\xa8 ", b" est ", b" ist ", b" lautet ", b" es "),
)


def link_of_one_use(line: bytes, _: int, start: int, end: int) -> int:
    """What lets in whoever follows a link: base64 or a long number; a UUID and a hash are as often an id."""
    secret = line[start:end]
    return end if is_jumbled(secret) and not judges.UUID.match(secret) else -1


CALL_RULES: tuple[Rule, ...] = (
    named(
        "named-setter",
        rb"\b(?:set|with|use|add|put|update|change|reset)_?[a-z_]{0,30}" + KEY + rb"\(" + _TEXT + rb"[\"'][ \t]*\)",
        "builder.withPassword('<a16>')",
        judges.given,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}\("),
        needs=(b"(",),
    ),
    named(
        "named-builder",
        rb"[.]" + KEY + rb"\(" + _TEXT + rb"[\"']\)",
        ".api_key('<a16>')",
        judges.random,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}\("),
        needs=(b"(",),
    ),
    named(
        "named-getter",
        _GETTER + _TEXT,
        "os.getenv('DB_PASSWORD')='<a16>'",
        judges.given,
        (SIGNS, FOLLOW),
        needs=_BEHIND_CALL,
    ),
    named(
        "named-getter-bare",
        _GETTER + rb"[ \t]*(?P<secret>[^ \t\r\"'`|<>(]{8,})",
        'EnvVar("DB_PASSWORD") -> <a12>7<a4>',
        judges.random,
        (SIGNS, FOLLOW),
        needs=_BEHIND_CALL,
    ),
    named(
        "named-tuple",
        rb"[(\[][0-9a-z_.-]*" + KEY + rb",(?P<secret>[^ \t\r\"'`,()<>\[\]]{6,})[)\]]",
        "(db.password,<a12>7<a4>)",
        told.apart_or_word,
        (SIGNS, rb"[0-9A-Za-z_]{0,10},"),
        needs=(b",",),
    ),
    named(
        "named-of-two",
        KEY + CLOSES + GIVES + rb"[(\[][bru]?[\"'][^\"'\n]{1,80}[\"'],[ ]?[bru]?[\"'](?P<secret>[^\"'\n]+)[\"'][)\]]",
        "credentials=('loader', '<a12>7<a4>')",
        login_judges.second_of_credentials,
        needs=(b"(", b"["),
    ),
    named(
        "constructor-call",
        rb"\b(?:ftp(?:_tls)?|sftp|imap4?(?:_ssl)?|pop3|[a-z]*client|[a-z]*connection|authenticate|log_?in)"
        rb"\([ \t]*[bu]?[\"'][^\"'\n]{1,120}[\"'][ \t]*,[ \t]*[bu]?[\"'][^\"'\n]{1,80}[\"'][ \t]*,[ \t]*[bu]?" + _TEXT,
        "ftplib.FTP('ftp.example.com', 'loader', '<a12>7<a4>')",
        judges.random,
        ((b"ftp(", b"ftp_tls(", b"imap4", b"pop3(", b"client(", b"connection(", b"authenticate(", b"login("), rb"[^)]"),
    ),
    named(
        "key-of-cipher",
        rb"(?:(?:multi)?fernet\(\[?|(?:timed|url_?safe){1,2}(?:timed)?(?:json_?web_?signature_?)?serializer\(|timestampsigner\(|[th]otp\(|hmac\.(?:new|digest)\(|(?:aes|des3?|chacha20|blowfish|arc4)\.new\("
        rb"|(?:aesgcm|aesccm|aessiv|chacha20poly1305|secretbox|symmetrickey)\("
        rb"|create_?hmac\([ ]*[\"'][0-9a-z-]{3,12}[\"'][ ]*,"
        rb"|jwt\.(?:encode|decode|sign|verify)\([^\n]{0,300}?,[ ]*(?:key[ ]?=[ ]?)?"
        rb"|(?:\b|\\[nrt])key[ ]?=[ ]?(?:bytes\.fromhex|(?:base64\.)?(?:url_?safe_)?b64decode"
        rb"|(?:binascii\.)?(?:unhexlify|a2b_hex))\()"
        rb"[ ]*[bu]?[\"'](?P<secret>[^\"'\n ]{8,})[\"']",
        "Fernet(b'<b43>=')",
        place_judges.key_of_cipher,
        (
            (
                *(
                    b"fernet(",
                    b"otp(",
                    b"hmac.new(",
                    b"hmac.digest(",
                    b".new(",
                    b"aesgcm(",
                    b"aesccm(",
                    b"aessiv(",
                    b"poly1305(",
                ),
                *(b"serializer(", b"timestampsigner("),
                *(b"secretbox(", b"symmetrickey(", b"createhmac(", b"create_hmac(", b"jwt.encode(", b"jwt.decode("),
                *(b"jwt.sign(", b"jwt.verify(", b"fromhex(", b"b64decode(", b"unhexlify(", b"a2b_hex("),
            ),
            rb"",
        ),
    ),
    named(
        "client-call",
        rb"(?:client|connection|session|api|sdk|handler|minio|client\.create)\([ \t]*"
        rb"(?:(?:[a-z_]+[ ]?=[ ]?)?[bu]?[\"'][^\"'\n]{1,120}[\"'][ \t]*,[ \t]*)?"
        rb"(?:[a-z_]+[ ]?=[ ]?)?[bu]?[\"'][^\"'\n]{1,120}[\"']"
        rb"[ \t]*,[ \t]*(?:[a-z_]+[ ]?=[ ]?)?[bu]?[\"'](?P<secret>[0-9a-z+/_.~=-]{20,})[\"']",
        "Client('<a20>', '<a31>7')",
        judges.random,
        (
            (
                b"client(",
                b"connection(",
                b"session(",
                b"api(",
                b"sdk(",
                b"handler(",
                b"minio(",
                b"client.create(",
            ),
            rb"[ \t]*[a-z\"']",
        ),
    ),
    named(
        "link-of-one-use",
        rb"/(?:(?:password|account)[_-]?(?:reset|recovery)|reset(?:[_-]?password)?|verify(?:[_-]?e?mail)?|confirm(?:ation)?s?"
        rb"|invit(?:e|ation)s?|activat(?:e|ion)|magic[_-]?(?:link|login)s?|one[_-]?time[_-]?(?:link|login)|join|signin"
        rb"|unlock|claim)/(?:[a-z0-9=_-]{1,12}/)?(?P<secret>[0-9a-z_.~-]{20,})",
        "https://app.example.com/reset-password/<a43>",
        link_of_one_use,
        (
            tuple(
                b"reset/ recovery/ password/ verify/ mail/ confirm/ confirmation/ confirmations/ invite/ invites/"
                b" invitation/ invitations/ activate/ activation/ link/ links/ login/ join/ signin/"
                b" unlock/ claim/".split()
            ),
            rb"",
        ),
    ),
    named(
        "saml-answer",
        rb"\bSAML_?(?:Response|Assertion)[\"']?(?:[ \t]*[=:]|[^<>=\n]{0,40}[ \t]value=)[ \t]*[\"']?"
        rb"(?P<secret>[0-9A-Za-z+/%=_-]{60,})",
        '<input type="hidden" name="SAMLResponse" value="<b120>"/>',
        judges.random,
        ((b"samlresponse", b"saml_response", b"samlassertion", b"saml_assertion"), rb"[\"' \t=:]"),
    ),
    named(
        "typed-text",
        KEY + rb"[\"'][^()\n]{0,40}\)\.(?:send_keys|fill|type|set_value|setvalue|enter|press_sequentially)\(" + _TEXT,
        "find_element(By.NAME, 'password').send_keys('<a16>')",
        judges.quoted,
        needs=(b").",),
    ),
    named(
        "named-default",
        KEY
        + CLOSES
        + GIVES
        + rb"[^\n]{0,40}(?:fetch|get|getenv|env|env_var|environ\.get|default|coalesce|ifnull|nvl|cmp\.or)"
        rb"\((?:os\.getenv\()?[bru]?[\"']?[^\"',()\n]{1,80}[\"']?\)?,[ ]?[bru]?[\"'](?P<secret>[^\"'\n]+)[\"'][ ]?\)",
        "password: <%= ENV.fetch('X', '<a12>7<a4>') %>",
        judges.default,
        needs=(b"(",),
    ),
    named(
        "secret-id",
        rb"secret[ _-]?id[\"']?(?:[ \t]*[:=][ \t]*|[ \t]{2,20})[\"']?(?P<secret>[0-9A-Za-z_-]{20,})",
        '"secret_id": "<uuid>"',
        login_judges.secret_id,
        ((b"secret",), rb"[ _-]?id[\"']?[ \t:=]"),
    ),
    named(
        "named-told",
        rb"(?:"
        + KEY
        + rb"|passwort)"
        + CLOSES
        + _TOLD
        + rb"(?P<secret>[^ \t\r\"'`|<>(0-9]*[0-9][^ \t\r\"'`|<>(]{2,}"
        + rb"|(?-i:[A-Za-z]*[a-z][A-Z][A-Za-z]*[a-z][A-Z][A-Za-z]*))",
        "the password of the loader was set to <a12>7<a4>",
        told.told,
        needs=_LINKS,
    ),
)
