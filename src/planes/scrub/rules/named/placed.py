"""Values told by where they stand: in front of their name, in a remark behind it, in messages of protocols."""

from planes.scrub.rules.judging import cells, judges, place_judges, told
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import FOLLOW, KEY, SIGNS, named

_SCAN = (SIGNS, FOLLOW)
# Other words may follow what tells a value; then the value must look made.
_LINE_END = rb"(?:[^0-9A-Za-z_=:]|$)"
_BEFORE = rb"(?:^|[^0-9A-Za-z_/.@-]|\\[nrt])"
_NUL = rb"\\+(?:x00|u0000|000)"
_CODE = (
    rb"(?:\b|[_\"'])(?:[th]?otp|one[ _-]?time[ _-]?(?:pass(?:word|code)?|pin|code)|(?:[2m]fa|sms|verification|security)"
    rb"[ _-]?(?:code|token|pin)|pin[ _-]?code|(?:login|sign[ -]?in|confirmation)[ _-]code|pass[ _-]?code"
    rb"|(?:user|card|door|sim)[ _-]?pin)[\"'`]?"
)
_LINKS = rb"(?:[ ]?[:=][ ]?|[ ](?:is|was):?[ ]|[ ](?:for[ ][^ :\n]{1,60}):[ ])"

# What equals its name stands in quotes.
_EQUALS = tuple(quote + sign for quote in (b"'", b'"', b"`") for sign in (b"=", b" =", b"\t="))

PLACED_RULES: tuple[Rule, ...] = (
    named(
        "value-in-front",
        _BEFORE + rb"[bru]?[\"'`]?(?P<secret>[^ \t\r\"'`()\[\]{}<>=;,]{8,})[\"'`]?[;,]{0,2}[ \t]*"
        rb"(?:<[-=]+|\xe2\x86\x90|[\"'`][ \t]?=|[ \t]\(|(?:#|//|--|/[*])[ \t])[ \t]*"
        rb"(?:(?:the|your|my|new|is|as|a)[ ]){0,2}[$@]?[0-9a-z_.]*" + KEY + rb"\)?(?:[ ]\*/)?" + _LINE_END,
        "<a12>7<a4>  <- password",
        place_judges.in_front,
        _SCAN,
        needs=(*(b"<-", b"<=", b"\xe2\x86\x90", b"# ", b"// ", b"-- ", b"/* ", b" (", b"\t("), *_EQUALS),
    ),
    named(
        "value-in-remark",
        KEY + rb"[\"'`)\]]{0,4}[;,]?[ \t]+(?://|#|--)[ \t]*(?:(?:->|=>|\xe2\x86\x92|prints|gives|shows|is):?[ \t]+)?"
        rb"[\"'`]?(?P<secret>[^ \t\r\"'`()\[\]{}<>;,]{8,})[\"'`]?" + _LINE_END,
        "console.log(token) // <h32>",
        place_judges.in_remark,
        _SCAN,
        needs=(b"//", b"#", b"--"),
    ),
    named(
        "value-not-valid",
        _BEFORE + rb"(?P<secret>[^ \t\r\"'`()\[\]{}<>=;,]{8,})[ ](?:is|was)[ ](?:not[ ]|no[ ])?"
        rb"(?:a[ ]|an[ ]|the[ ]|your[ ])?(?:valid[ ]|invalid[ ]|wrong[ ]|correct[ ]|known[ ])?[0-9a-z_-]{0,30}"
        + KEY
        + _LINE_END,
        "<a12>7<a4> is not a valid password",
        place_judges.in_front,
        _SCAN,
        needs=(b" is ", b" was "),
    ),
    named(
        "named-checked",
        rb"(?:\b|\\[nrt])(?:verify|check|validate|compare|hash|generate|make|encode|is_valid)_?[a-z_]{0,30}"
        + KEY
        + rb"(?:_?hash)?\([ \t]*[bru]{0,2}[\"'](?P<secret>[^\"'\n]+)[\"'][ \t]*[),]",
        "verify_password('<d12>', hashed)",
        judges.given,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}\("),
        needs=(b"(",),
    ),
    named(
        "value-of-option",
        # HTML
        rb"\bvalue=[\"'](?P<secret>[^\"'<>\n]+)[\"'][^<>\n]{0,80}>[ ]*(?:(?:the|your)[ ])?[0-9a-z_]*" + KEY + rb"[ ]*<",
        '<option value="<a12>7<a4>">api key</option>',
        cells.made,
        _SCAN,
        needs=(b"value=",),
    ),
    named(
        "named-short-pair",
        rb"[\"'](?:k|n)[\"'][ ]?:[ ]?[\"'][0-9a-z_.:/-]*" + KEY + rb"[\"'][ ]?,[ ]?[\"'](?:v|val)[\"'][ ]?:[ ]?[\"']"
        rb"(?P<secret>[^\"'\n]+)",
        '{"k":"password","v":"<a16>"}',
        judges.quoted,
        _SCAN,
        needs=(b'"v', b"'v"),
    ),
    named(
        "login-of-list",
        rb"connect\([^\n]{0,300}?[\[(][ ]*[bu]?[\"'][^\"'\n]{1,80}[\"'][ ]?,"
        rb"[ ]?[bu]?[\"'](?P<secret>[^\"'\n]+)[\"'][ ]*[\])]",
        'jaydebeapi.connect("org.h2.Driver", "jdbc:h2:mem:x", ["loader", "<a12>7<a4>"])',
        cells.made,
        ((b"connect(",), rb"[^\n]"),
        needs=(b"['", b'["', b"('", b'("'),
    ),
    named(
        "login-of-user-made",
        rb"create_?(?:super_?)?user\([ ]*[\"'][^\"'\n]{1,80}[\"'][ ]?,[ ]?"
        rb"[\"'](?:[^\"'\n@]{1,80}@[^\"'\n]{1,80})?[\"'][ ]?,[ ]?[\"'](?P<secret>[^\"'\n]+)[\"']",
        "create_user('loader', 'me@example.com', '<a16>')",
        judges.quoted,
        ((b"user(",), rb"[ ]*[\"']"),
        needs=(b"create",),
    ),
    named(
        "client-of-key",
        rb"(?:\b|\\[nrt])[a-z_.]*(?:client|apiclient|sdk)\([ ]*[bu]?[\"'](?P<secret>[0-9a-z_.~+/=-]{20,})[\"'][ ]*\)",
        "SendGridAPIClient('<a12>7<a11>')",
        judges.jumbled,
        ((b"client(", b"sdk("), rb"[ ]*[bu]?[\"'][0-9A-Za-z_.~+/=-]{8}"),
    ),
    named(
        "transfer-command",
        rb"[\"'](?-i:PASS)[ ](?P<secret>[^ \t\r\"'\\]{3,})(?:\\r\\n)?[\"']",
        'FTP command: "PASS <d12>"',
        judges.quoted,
        ((b"'pass ", b'"pass '), rb"[^ ]"),
    ),
    named(
        "basic-login",
        rb"(?:\b|\\[nrt])basic(?:[ _-]?auth(?:entication)?)?[ ](?:for[ ]|as[ ]|with[ ])?[0-9a-z_.@+-]{1,60}:"
        rb"(?P<secret>[^ \t\r\"'`/:@]{6,})"
        rb"(?:[ \t\r]|$)",
        "basic auth loader:<a12>7<a4> accepted",
        told.login,
        ((b"basic auth", b"basic_auth", b"basic-auth", b"basicauth"), rb"[a-z]*[ ]"),
    ),
    named(
        "redis-command",
        # RESP, shown with its breaks
        rb"(?:(?:\b|\\[nrt])AUTH|requirepass|masterauth)\\+r\\+n(?:\$[0-9]{1,4}\\+r\\+n[^\\\"'\n]{1,80}\\+r\\+n)?"
        rb"\$[0-9]{1,4}\\+r\\+n(?P<secret>[^\\\"'\n]{3,})",
        "b'*2\\r\\n$4\\r\\nAUTH\\r\\n$16\\r\\n<a16>\\r\\n'",
        judges.quoted,
        ((b"auth\\", b"requirepass\\", b"masterauth\\"), rb"\\*r\\"),
    ),
    named(
        "hashed-password",
        # what libraries for hashes of passwords are given
        rb"(?:(?:\b|_|\\[nrt])(?:check|hash)_?pw|password_(?:verify|hash)|bcrypt\.(?:hash|compare)(?:sync)?"
        rb"|argon2\.(?:hash|verify)|(?:pbkdf2_hmac|hash_pbkdf2)\([ ]*[\"'][0-9a-z_-]{3,12}[\"'][ ]*,|\bcrypt\.crypt)"
        rb"\(?[ ]*[bu]?[\"'](?P<secret>[^\"'\n]{3,})[\"'][ ]*[,)]",
        "bcrypt.hashpw(b'<a16>', salt)",
        judges.quoted,
        (
            (
                *(b"checkpw(", b"check_pw(", b"hashpw(", b"hash_pw(", b"password_verify(", b"password_hash("),
                *(b"bcrypt.hash", b"bcrypt.compare", b"argon2.", b"pbkdf2_hmac(", b"hash_pbkdf2(", b"crypt.crypt("),
            ),
            rb"",
        ),
    ),
    named(
        "sasl-plain",
        # RFC 4616: the message of PLAIN, as texts show it
        rb"[\"'][^\\\"'\n]{0,60}" + _NUL + rb"[^\\\"'\n]{1,80}" + _NUL + rb"(?P<secret>[^\\\"'\n]{3,})[\"']",
        "PLAIN '\\x00loader\\x00<a12>7<a4>'",
        place_judges.nul_login,
        ((b"\\x00", b"\\u0000", b"\\000"), rb"[^\\\"'\n]{2}"),
    ),
    named(
        "postgres-password-message",
        rb"PasswordMessage(?:[ ]?[:(=][ ]?|[ ])(?:b?[\"'])?(?P<secret>[^ \t\r\"'()]{3,})",
        "F: PasswordMessage(b'<a16>')",
        told.shown,
        ((b"passwordmessage",), rb"[ :(=]"),
    ),
    named(
        "ldap-simple",
        rb"(?:authentication|auth|credentials?)[ ]?[:=][ ]?simple[ ]?[:(][ ]?b?[\"']?(?P<secret>[^ \t\r\"'()]{3,})",
        "BindRequest: version=3 authentication=simple('<a16>')",
        told.shown,
        ((b"simple(", b"simple:", b"simple :", b"simple ("), rb"[ ]?b?[\"']?[^ \n]"),
    ),
    named(
        "oracle-connection",
        rb"(?:connect[a-z_]{0,12}\([ ]*(?:dsn[ ]?=[ ]?)?[\"']"
        rb"|connect(?:ion)?[ ](?:string|descriptor|identifier)[ :=\"'`]{1,4})"
        rb"[a-z][0-9a-z_$#]{0,40}/\"?(?P<secret>[^/ \t\r@\"'()]{3,})\"?@[a-z(/]",
        'cx_Oracle.connect("loader/<a16>@orcl")',
        judges.quoted,
        (
            (
                b"connect(",
                b"connect string",
                b"connection string",
                b"connect descriptor",
                b"connect identifier",
                b"_pool(",
            ),
            rb"[ :=\"'`]{0,3}(?:dsn)?[0-9a-z]",
        ),
        needs=(b"@",),
    ),
    named(
        "oracle-descriptor-login",
        rb"(?:^|[^0-9A-Za-z_$#/.]|\\[nrt])[a-z][0-9a-z_$#]{0,40}/\"?(?P<secret>[^/ \t\r@\"'()]{3,})\"?@\(description",
        "loader/<a16>@(DESCRIPTION=(ADDRESS=(HOST=db.example.com)))",
        judges.quoted,
        ((b"@(description",), rb""),
    ),
    named(
        "argument-of-user",
        rb"[\"'](?:-u|--user|--proxy-user|-a|--auth)[\"'],[ ]?[bu]?[\"'][^\"':\n]{1,80}:(?P<secret>[^\"'\n]{3,})[\"']",
        "['curl', '-u', 'loader:<a12>7<a4>']",
        place_judges.of_login,
        ((b"-u'", b'-u"', b"-user'", b'-user"', b"'-a'", b'"-a"', b"--auth'", b'--auth"'), rb",[ ]?[bu]?[\"']"),
        needs=(b"curl", b"http", b"wget", b"xh"),
    ),
    named(
        "one-time-code",
        _CODE + _LINKS + rb"[\"'`]?(?P<secret>[0-9]{4,10}|[0-9]{3}[ -][0-9]{3})(?:$|[^0-9A-Za-z.:-]|\.(?:$|[ \t]))",
        "Your verification code is <d6>",
        judges.quoted,
        (
            (
                b"otp",
                *(b"one time", b"one-time", b"one_time", b"onetime"),
                *(b"mfa", b"2fa", b"sms", b"verification", b"security code", b"security_code", b"securitycode"),
                *(b"security-code", b"passcode", b"pass code", b"pass_code", b"pass-code", b"pincode", b"pin code"),
                *(b"pin_code", b"pin-code", b"user_pin", b"user pin", b"userpin", b"card_pin", b"card pin", b"cardpin"),
                *(b"sim pin", b"sim_pin", b"door pin", b"login code", b"sign-in code", b"sign in code", b"login_code"),
                *(b"confirmation code", b"confirmation_code"),
            ),
            rb"[^\n]{0,20}[0-9]{3}",
        ),
    ),
    named(
        "bearer-named",
        rb"(?:\b|\\[nrt])bearer[\"']?:[ ]?[\"']?(?P<secret>[0-9A-Za-z._~+/-]{16,}=*)",
        "Bearer: <w30>7",
        judges.random,
        ((b"bearer",), rb"[\"']?:"),
    ),
    named(
        "login-and-password",
        rb"(?:\b|\\[nrt])(?:login|sign[ -]?in|user|account):[ ][0-9a-z_.@+-]{1,60}[ ]/[ ]"
        rb"(?P<secret>[^ \t\r\"'`/()]{6,})" + _LINE_END,
        "login: loader / <a12>7<a4>",
        place_judges.login_on_line,
        ((b"login: ", b"signin: ", b"sign in: ", b"sign-in: ", b"user: ", b"account: "), rb"[0-9a-z_.@+-]+[ ]/"),
    ),
)
