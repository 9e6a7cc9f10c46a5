"""Values beside a sensitive name, in the shapes in which programs print them."""

from planes.scrub.rules.judging import cells, command_judges, judges, key_judges, login_judges, told, unquoted
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import CLOSES, FOLLOW, GIVES, KEY, NAME, SIGNS, named

# Wrappers that print what they hold; calls that fetch a secret (`get_secret("x")`) are not among them.
_WRAPPERS = (
    rb"(?:pydantic\.)?(?:secret(?:str|bytes|value)?|some|optional|ok|just|str|bytes|unicode|sensitive|tsecret(?:str)?value"
    rb"|password"
    rb"|redactedstr|quote|quote_plus|base64string|string|\$)"
)
# A sign that JSON escapes because it is not ASCII: `\u017c`.
_OTHER_SIGN = rb"\\+u(?:[1-9a-f][0-9a-f]{3}|0[1-9a-f][0-9a-f]{2}|00[89a-f][0-9a-f])"
# What is put before a value: a tag or an anchor (YAML), a type and a length (PHP).
_TAG = (
    rb"(?:[!&][0-9A-Za-z!_./-]{0,40}[ \t]+|string\([0-9]{1,5}\)[ \t]+|chr[ \t]+"
    rb"|0x[0-9a-f]{2,16}[ ]|(?:\([*a-z][0-9a-z_.=*]{0,30}\)[ ]?)(?:\([0-9a-z=]{1,20}\)[ ])?)?"
)
_APART = (
    rb"(?:[ ]?(?:\.{3,}|(?:\xe2\x80\xa6)+)[ ]?|[ ]\xe2\x80[\x93\x94][ ]"
    rb"|[ \t]*[\"'`:]?[ \t]+(?:(?:provided|used):?[ \t]|(?:to|as)[ \t]|=|->|=>|[|-]"
    rb"|\xe2\x94\x82|\xe2\x86\x92"
    rb"|(?:(?:for|of|from|variable|value|field|setting|option)[ ](?:[^: \n]{1,60}[ ])?)?"
    rb"(?:(?:is|was|has been|now|currently|ist|lautet|es|est|jest|er|este|\xc3\xa8|\xc3\xa9|\xc3\xa4r)[ :]){0,2}"
    rb"(?:(?:set|reset|generated|created|changed|updated|rotated|issued|now|here|below|saved|stored|received|obtained"
    rb"|acquired|fetched|found|loaded|read|decoded|decrypted|returned|retrieved|added|refreshed|renewed|entered"
    rb"|accepted|resolved|revealed|copied|assigned)(?: now)?[ :])?"
    rb"(?:from [^ \n]{1,40} )?(?:to[ :])?(?:for [^:\n]{1,60}:)?)?[ \t]*"
    rb"|[ \t]*[|][ \t]*|\t+|:(?:[*]{1,3}|_{2}|</b>|</strong>)[ \t]*)"
)
_AUTH = rb"(?:basic_?auth|digest_?auth|basicauthentication|ntlm_?auth|http_auth|proxy_auth|(?:^|[^0-9a-z]|\\[nrt])auth)"
# A quote as HTML writes it, also of what was escaped before.
_ENTITY = rb"&(?:amp;)?(?:quot|apos|#0?3[49]|#x2[27]);"
_PLAIN = (
    KEY + rb"(?::(?:[\w\\]{1,60}:)?(?:protected|private)|\\*[\"'`]|&quot;|%22|[*]{2})?\]?"
    rb"(?:[ ]?[(\[][0-9A-Za-z ,_-]{1,40}[)\]])?" + GIVES + _TAG
)

# Another member or attribute: `type="text"`.
_MEMBER = rb"\\*[\"']?[a-z-]{2,20}\\*[\"']?[=:][ ]?\\*[\"'][^\"'<>\n\\]{0,60}\\*[\"']"

# What stands behind a text before the next one of a list.
_NEXT_TEXT = (b'",', b"',", b'" ', b"' ", b'"\t', b"'\t")

NAME_RULES: tuple[Rule, ...] = (
    named(
        "named-escaped",
        KEY
        + rb"(?:\\+[\"']|\\+u002[27])?"
        + GIVES
        + rb"b?(?:\\+[\"']|\\+u002[27])(?P<secret>(?:"
        + _OTHER_SIGN
        + rb")*[^\"'\\]+(?:(?:"
        + _OTHER_SIGN
        + rb"|\\+[^\"'\\u])[^\"'\\]*)*)",
        '{\\"password\\": \\"<a16>\\"}',
        judges.quoted,
        needs=(b"\\",),
    ),
    named(
        "named-double-quoted",
        NAME + _TAG + rb"(?:[bfnru&]{0,2}|<<)\"(?P<secret>(?:[^\"\\]|\\.)+)",
        '"password": "<a16>"',
        judges.quoted,
        needs=(b'"',),
    ),
    named(
        "named-single-quoted",
        NAME + _TAG + rb"(?:[bfnru]{0,2}|[$]|string )'(?P<secret>(?:[^'\\]|\\.)+)",
        "'api_key': '<a16>'",
        judges.quoted,
        needs=(b"'",),
    ),
    named(
        "named-triple-quoted",
        NAME + rb"[bruf]{0,2}(?:\"\"\"|''')\\?(?P<secret>(?:[^\"'\\]|\\.|[\"'][^\"'])+)",
        'password = """<a16>"""',
        judges.quoted,
        needs=(b'"""', b"'''"),
    ),
    named(
        "named-entity",
        KEY
        + rb"(?:"
        + _ENTITY
        + rb")?"
        + GIVES
        + rb"b?"
        + _ENTITY
        + rb"(?P<secret>[^&]+(?:&amp;[a-z]{0,2}[^a-z#&][^&]*)*)",
        "password=&quot;<a16>&quot;",
        judges.quoted,
        needs=(b"&quot;", b"&#", b"&amp;", b"&apos;"),
    ),
    named(
        "named-url-quoted",
        KEY + rb"(?:%22|%27)?(?:%3A|:|=|%3D)(?:%20)?(?:%22|%27)"
        rb"(?P<secret>[^% \t\r\"'&<>]+(?:%[013-9A-F][0-9A-F][^% \t\r\"'&<>]*)*)",
        "%22password%22%3A%22<a16>%22",
        judges.quoted,
        needs=(b"%2",),
    ),
    named(
        "named-wrapped",
        NAME + rb"(?:" + _WRAPPERS + rb")\([bruf]{0,2}[\"'](?P<secret>[^\"']+)",
        "password=SecretStr('<a16>')",
        judges.quoted,
        needs=(b"(",),
    ),
    named(
        "secret-wrapped",
        rb"secret(?:str(?:ing)?|bytes|value)\([bruf]{0,2}[\"'](?P<secret>[^\"']+)",
        "SecretStr('<a16>')",
        judges.quoted,
        ((b"secretstr(", b"secretbytes(", b"secretstring(", b"secretvalue("), rb""),
    ),
    named(
        "named-change",
        NAME + rb"(?:\"(?:[^\"\\]|\\.)*\"|[^ \t\"]+)[ \t]*(?:->|=>)[ \t]*\"(?P<secret>(?:[^\"\\]|\\.)+)\"",
        '~ password = "(known)" -> "<a16>"',
        judges.quoted,
        needs=(b"->", b"=>"),
    ),
    named(
        "named-value",
        rb"(?:name|key|type|id|var|variable|setting|param(?:eter)?|path|field|property|attribute|option|label)"
        rb"\\*[\"']?[ \t]*[=:][ \t]*"
        rb"\\*[\"']?[0-9A-Za-z_.:/-]*" + KEY + rb"\\*[\"']?[,; \t/](?:type=<class '[a-z_.]+'>,)?[^{}<>\n]{0,120}?"
        rb"\b(?:(?:[a-z]{1,12}_?)?value|data|new|content|(?-i:default))\\*[\"']?[ \t]*[=:][ \t]*"
        rb"(?:[{][ \t]*\\*[\"']?string_?value\\*[\"']?[ \t]*:[ \t]*)?"
        rb"\\*[bu]?[\"']?(?P<secret>[^\"',}>\t\\]+)",
        "{'name': 'DB_PASSWORD', 'value': '<a16>'}",
        judges.beside,
        (SIGNS, FOLLOW),
        needs=(b"value", b"data", b"new", b"content", b"default=", b'default"', b"default'"),
    ),
    named(
        "named-member",
        KEY + CLOSES + rb"(?:" + GIVES + rb"|[ \t]+)\[?[{][ \t]*"
        rb"(?:\\*[\"']?[a-z_]+\\*[\"']?[ \t]*[:=][ \t]*"
        rb"(?:\\*[\"'][^\"'\n\\]*\\*[\"']|[0-9a-z._-]+)[ \t]*,[ \t]*){0,4}"
        rb"\\*[\"']?(?:value|plain_?text|secret|default|s|string|(?:string|text|simple"
        rb"|literal)_?value)"
        rb"\\*[\"']?[ \t]*[:=][ \t]*" + rb"[bu]?\\*[\"'](?P<secret>[^\"'\n\\]+)",
        '"db_password": {"value": "<a16>", "sensitive": true}',
        judges.quoted,
        needs=(b"{",),
    ),
    named(
        "value-before-name",
        rb"\bvalue\\*[\"']?[ \t]*[=:][ \t]*\\*[bu]?[\"'](?P<secret>[^\"'\n\\]+)\\*[\"']"
        rb"(?:[ ]?\})?[,; \t]+(?:where[ \t]+)?(?:" + _MEMBER + rb"[,; \t]+){0,4}"
        rb"\\*[\"']?(?:name|key|variable|parameter|id)\\*[\"']?[ \t]*[=:][ \t]*\\*[\"'][0-9A-Za-z_.:-]*"
        + KEY
        + rb"\\*[\"']",
        '{"value": "<a16>", "name": "DB_PASSWORD"}',
        judges.quoted,
        needs=(b"value",),
    ),
    named(
        "named-cell",
        rb"(?:^|[|\t]|\xe2\x94[\x82\x83]|\xe2\x95\x91)(?:[<>=]\.)?[ \t]*[\"'`*]{0,3}(?:[A-Za-z]+[ ]){0,2}"
        rb"[0-9A-Za-z_.:-]*"
        + KEY
        + CLOSES
        + rb"[*]{0,2}[ \t]*(?:[|]{1,2}(?:[<>=]\.)?|\xe2\x94[\x82\x83](?:[ ]+\xe2\x94\x82)*|\xe2\x95\x91|\t)"
        + rb"[ \t]*[\"'`]?(?P<secret>[^ \t\r|\"'`\xe2][^\t\r|\xe2\n]*)",
        "| db_password | <a12>7<a4> |",
        cells.cell,
        needs=(b"|", b"\t", b"\xe2\x94", b"\xe2\x95"),
    ),
    named(
        "named-arrow",
        KEY
        + CLOSES
        + rb"[ \t]+(?:->|\xe2(?:\x86\x92|\x87\x92|\x9e\x9c))[ \t]+[\"'`]?(?P<secret>[^ \t\r\"'`|<>(]{2,}[^ \t\r]{4,})",
        "DB_PASSWORD -> <a12>7<a4>",
        told.shown,
        needs=(b"->", b"\xe2\x86", b"\xe2\x87", b"\xe2\x9e"),
    ),
    named(
        "named-pair",
        KEY + rb"[\"'][ \t]*,[ \t]*[bruf]{0,2}[\"'](?P<secret>[^\"']+)",
        "(b'x-api-key', b'<a8>7<a8>')",
        judges.pair,
        needs=_NEXT_TEXT,
    ),
    named(
        "named-bare-pair",
        rb"[\[(][0-9a-z_.:-]*" + KEY + rb",[ ]?(?P<secret>[^ \t\r\"'`,;<>()\[\]{}]{8,})[\])]",
        "[ClientSecret, <a12>7<a11>]",
        judges.jumbled,
        (SIGNS, rb"[0-9A-Za-z_]{0,10},"),
        needs=(b",",),
    ),
    named(
        "named-setting",
        rb"(?:set[a-z_]*|put[a-z_]*|define|add[a-z_]*|config)\([ \t]*"
        rb"(?:(?:[a-z_][0-9a-z_.]*|[\"'][0-9a-z_.-]*[\"'])[ \t]*,[ \t]*)?"
        rb"[bu]?[\"'][0-9a-z_.-]*" + KEY + rb"[\"'][ \t]*,[ \t]*[bu]?[\"'](?P<secret>[^\"'\n]+)",
        "setattr(db, 'password', '<z12>')",
        judges.quoted,
        needs=(b"(",),
    ),
    named(
        "named-parenthesised",
        KEY + rb"[\"'`]?[ ][(\[][\"']?(?P<secret>[^ \t\r\"'`,;<>()\[\]]{8,})[\"']?(?:\)|\](?:$|[^:?>]))",
        "secret (<a16>7)",
        told.apart,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}[\"'`]?[ ][(\[]"),
        needs=(b" (", b" ["),
    ),
    named(
        "kubernetes-secret",
        rb"\\*\"[0-9A-Za-z_.-]{1,253}\\*\"[ ]?:[ ]?\\*\"(?P<secret>[^\"\\\n]{4,})\\*\"",
        '{"data":{"tls":"<b16>"},"kind":"Secret"}',
        judges.secret_member,
        ((b'"kind":"secret"', b'"kind": "secret"', b'\\"kind\\":\\"secret\\"'), rb""),
    ),
    named(
        "named-serialized",
        KEY + rb"\\*\";[ ]?[sS]:[0-9]{1,6}:\\*\"(?P<secret>[^\"\\\n]+)",
        's:8:"password";s:16:"<a16>";',
        judges.quoted,
        needs=(b'";',),
    ),
    named(
        "key-of-user",
        rb"[\"'](?:user(?:name)?|login|e?mail|account)\\*[\"'][ ]?:[ ]?\\*[\"'][^\"'\\]{1,80}\\*[\"'],[ ]?"
        rb"\\*[\"']key\\*[\"'][ ]?:[ ]?\\*[\"'](?P<secret>[0-9A-Za-z_-]{16,})",
        '{"username":"loader","key":"<h32>"}',
        judges.random,
        ((b'"key', b"'key"), rb"\\?[\"'][ ]?:"),
    ),
    named(
        "named-listed",
        rb"[:(][0-9a-z_.-]*" + KEY + rb"[ \t]+(?:\.[ ])?\"(?P<secret>[^\"\n]+)\"",
        '(password "<a16>")',
        judges.quoted,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}[ \t]"),
        needs=(b' "', b'\t"'),
    ),
    named(
        "secret-object",
        rb"\b[a-z_]*(?:secret|password|token|credential)s?[ (]"
        rb"(?:[a-z_]+=[^()<>=\n]{1,60}[, ]){0,4}[ ]?(?:secret_)?value="
        rb"[bu]?[\"'](?P<secret>[^\"'\n]+)",
        "Secret(name='db', value='<a16>')",
        judges.secret_object,
        ((b"secret", b"password", b"token", b"credential"), rb"s?[ (]"),
        needs=(b"value=",),
    ),
    named(
        "login-call",
        rb"(?:\b(?:login|log_in|signin|sign_in|authenticate|set_credentials|connect_with_password)"
        rb"|\b(?:username_pw_set|create_?user|add_?user|change_?(?:user_?)?password|[a-z]*(?:credentials?|creds?|(?:creds?|credentials?)::new|username_?token|basic_?auth(?:entication)?)))"
        rb"\([ \t]*[bu]?[\"'][^\"'\n]{1,80}[\"']"
        rb"[ \t]*,[ \t]*[bu]?[\"'](?P<secret>[^\"'\n]+)",
        "smtp.login('loader', '<a16>')",
        login_judges.second_of_login,
        (
            tuple(
                (
                    b"login( log_in( signin( sign_in( authenticate( credentials( credential( "
                    b"usernametoken( username_token( creds( cred( creds::new( credentials::new( auth( "
                    b"authentication( _password( _pw_set( "
                    b"createuser( userpassword( changepassword( create_user( adduser( add_user("
                ).split()
            ),
            rb"[ \t]*[bu]?[\"']",
        ),
    ),
    named(
        "connect-call",
        rb"(?:connect|set_password|getconnection|url\.create|pdo(?:->|::)__construct|sequelize|new pdo)\([ \t]*"
        rb"(?:[bu]?[\"'][^\"'\n]{1,120}[\"']|[a-z_.]{1,40})"
        rb"[ \t]*,[ \t]*[bu]?[\"'][^\"'\n]{1,80}[\"']"
        rb"[ \t]*,[ \t]*[bu]?[\"'](?P<secret>[^\"'\n]+)",
        "mysqli_connect('db.example.com', 'loader', '<a16>')",
        login_judges.third_of_connection,
        (
            (
                b"connect(",
                b"set_password(",
                b"getconnection(",
                b"url.create(",
                b"__construct(",
                b"sequelize(",
                b"new pdo(",
            ),
            rb"[ \t]*[0-9a-z_.\"']",
        ),
    ),
    named(
        "user-info",
        rb"user[._-]info[\"']?(?:[ \t]*[=:]|[^:=\n]{1,80}[ ](?:value|was|is):?)[ \t]*[\"']?[^ :\t\r\"']+:"
        rb"(?P<secret>[^ \t\r\"']+)",
        "basic.auth.user.info=loader:<a16>",
        judges.quoted,
        ((b"user.info", b"user_info", b"user-info"), rb"[\"']?[ \t=:]"),
    ),
    named(
        "prompt-default",
        KEY + rb"[ ]?\[(?P<secret>[^\]\[ \t\n]{4,})\][ \t]*[:?>]",
        "Password [<a16>]:",
        told.apart_or_word,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}[ ]?\["),
        needs=(b"]:", b"]?", b"]>", b"] ", b"]\t"),
    ),
    named(
        "login-pair",
        rb"(?:(?:user(?:name)?[ ]?/[ ]?pass(?:word)?|login[ ]?/[ ]?pass(?:word)?|credentials?|creds"
        rb"|zugangsdaten|anmeldedaten|identifiants|credenciales|credenziali|inloggegevens)"
        rb"(?:[ ]?[:=(]|[ ](?:for[ ][^\n:/]{1,60}?[ ])?(?:are|were|used|found|is|was|accepted|received)[: ])[ \t]*"
        rb"|log(?:ged)?[ -]?in (?:with|as):?[ \t]+|\blogin[ ](?:for[ ])?"
        rb"|(?:user|admin|account)[ ](?:was[ ]|has been[ ])?created:?[ \t]+)"
        rb"[\"'`]?[0-9a-z_.@+-]+[ ]?[/:][ ]?(?P<secret>[^ \t\r\"'`/()]{6,})",
        "logged in as loader / <a12>7<a4>",
        told.login,
        (
            (
                b"/pass",
                b"/ pass",
                b"credential",
                b"creds",
                b"log in ",
                b"login ",
                b"logged in ",
                *(
                    f"{who} {was}created".encode()
                    for who in ("user", "admin", "account")
                    for was in ("", "was ", "has been ")
                ),
                b"zugangsdaten",
                b"anmeldedaten",
                b"identifiants",
                b"credenciales",
                b"credenziali",
                b"inloggegevens",
            ),
            rb"",
        ),
    ),
    named(
        "ci-command",
        rb"(?:##vso\[task\.setvariable [^\]\n]{0,80}variable=[0-9a-z_.-]*" + KEY + rb"[^\]\n]{0,80}\]"
        rb"|::set-(?:output|env) name=[0-9a-z_.-]*" + KEY + rb"::|::add-mask::|##vso\[task\.setsecret\])"
        rb"(?P<secret>[^ \t\r\n\"]+)",
        "::add-mask::<a16>",
        command_judges.environment,
        ((b"##vso[task.set", b"::set-output ", b"::set-env ", b"::add-mask::"), rb""),
    ),
    named(
        "auth-pair",
        _AUTH + rb"[\"']?[ \t]*(?:[=:][ \t]*)?(?:[a-z.]*auth[a-z]*)?[(\[][ \t]*(?:username=)?[bruf]?[\"'][^\"']*[\"']"
        rb"[ \t]*,[ \t]*"
        rb"(?:password=)?[bruf]?[\"'](?P<secret>[^\"']+)[\"']",
        "auth=('me', '<a16>')",
        login_judges.second_of_login,
        ((b"auth",), rb"[a-z_]{0,12}[\"']?[ \t]?[=:(\[]"),
        needs=_NEXT_TEXT,
    ),
    named(
        "auth-key-pair",
        _AUTH + rb"[\"']?[ \t]*(?:[=:][ \t]*)?(?:[a-z.]*auth[a-z]*)?[(\[][ \t]*(?:username=)?[bruf]?[\"']"
        rb"(?P<secret>[^\"'\n]{12,})[\"'][ \t]*,[ \t]*(?:password=)?[bruf]?[\"'][a-z_]{0,12}[\"']",
        "auth=('<a20>7', 'X')",
        judges.random,
        ((b"auth",), rb"[a-z_]{0,12}[\"']?[ \t]?[=:(\[]"),
        needs=_NEXT_TEXT,
    ),
    named(
        "docker-auth",
        rb"\\*\"(?:auth|identitytoken|registrytoken)\\*\"[ \t]*:[ \t]*\\*\"(?P<secret>[0-9A-Za-z+/_.-]{8,}={0,2})",
        '"auth": "<b30>7=="',
        login_judges.basic_pair,
        ((b'"auth', b'"identitytoken', b'"registrytoken'), rb"\\?\"[ \t]{0,4}:"),
    ),
    named(
        "named-list",
        NAME + rb"[\[(]{1,2}[ \t]*[bu]?[\"'](?P<secret>[^\"'\[\]]+(?:[\"'][ \t]*,[ \t]*[\"'][^\"'\[\]]+)*)[\"']",
        '"tokens": ["<a12>7<a4>", "<a16>"]',
        told.listed,
        needs=(b'["', b"['", b'("', b"('", b"[[", b"[ ", b"[\t", b'[b"', b"[b'", b'[u"', b"[u'"),
    ),
    named(
        "form-part",
        rb"form-data;[^\n]{0,80}[ \t]name=\\*[\"']?[0-9A-Za-z_.-]*" + KEY + rb"\\*[\"']?[^\\\n]{0,80}"
        rb"(?:\\+r\\+n[A-Za-z-]{4,40}: [^\\\n]{0,80})?(?:\\+r)?\\+n(?:\\+r)?\\+n(?P<secret>[^\\\"'\n]+)",
        "b'form-data; name=\"password\"\\r\\n\\r\\n<a16>\\r\\n--x'",
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=(b"form-data",),
    ),
    named(
        "named-prose-value",
        KEY + rb"\\*[\"'`,]{0,2}[^\n]{0,120}[ \t]value[ \t]?[:=]?[ \t]*\\*[\"'`](?P<secret>[^\"'`\n]+?)\\*[\"'`]",
        "field `password` has the value `<a16>`",
        judges.quoted,
        needs=(b" value", b"\tvalue"),
    ),
    named(
        "named-input",
        rb"(?:\b(?:loc|path)[\"']?[ \t]*[:=][ \t]*[\[(][^\])\n]{0,120}"
        + KEY
        + rb"[\"'],?[ \t]*[\])]|(?:instance_?path|data_?path|pointer)[\"']?[ \t]*:[ \t]*[\"'][^\"'\n]{0,120}?"
        + KEY
        + rb"[\"'],)[^\n]{0,300}?[\"'](?:input|received|data|actual|rejected_?value)[\"'][ \t]*:[ \t]*"
        rb"[\"'](?P<secret>[^\"'\n]+)",
        '{"loc": ["body", "password"], "input": "<a16>"}',
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=(b"input", b"received", b"data", b"actual", b"rejected"),
    ),
    named(
        "named-backquoted",
        KEY + rb"(?:(?:[*]{1,3}|_{1,2}|[\"'`]{1,2})?" + GIVES + rb"|[ ]?:(?:[*]{1,3}|_{2}|</b>|</strong>)[ ]?)`{1,2}"
        rb"(?P<secret>[^`\n]+)`",
        "**password**: `<a12>7<a4>`",
        told.shown,
        needs=(b"`",),
    ),
    named(
        "value-of-field",
        rb"(?:\b|\\[nrt])(?:value|input)(?:[ ]|[ ]?[=:][ ]?)[bu]?[\"'`](?P<secret>[^\"'`\n]+)[\"'`][ ](?:of|for|in"
        rb"|is not valid for)[ ](?:the[ ])?"
        rb"(?:field|key|option|setting|variable|parameter|argument)?[ ]?[\"'`]?[0-9a-z_.-]*" + KEY,
        "value '<a16>' of field db_password",
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=(b"value", b"input"),
    ),
    named(
        "argument-error",
        rb"(?:(?:argument|option|parameter|value for|field)[ ][\"'`]?-{0,2}[0-9a-z_./-]*" + KEY + rb"[^:\n]{0,40}:"
        rb"[ ][a-z0-9() ]{3,60}:?[ ]|" + KEY + CLOSES + rb":[ ](?:invalid literal for int\(\) with base [0-9]+"
        rb"|could not convert string to float):[ ])[\"'`](?P<secret>[^\"'`\n]+)[\"'`]",
        "error: argument --password: invalid choice: '<a16>'",
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=(b": ",),
    ),
    named(
        "generic-key",
        rb"[0-9a-z][_-](?:key|pat)[\"'`]?\]?" + GIVES + rb"[\"'`]?(?P<secret>[^ \t\r\"'`<>=,;&(){}\[\]\\]{8,})",
        "STRIPE_KEY=<a12>7<a8>",
        key_judges.generic_key,
        ((b"_key", b"-key", b"_pat"), rb"[\"'`]?\]?[ \t]{0,20}[:=]"),
    ),
    named(
        "short-name",
        rb"(?:^|[\"'{, \t(|.])pw[\"']?[ \t]*[=:][ \t]*[\"']?"
        rb"(?P<secret>[^ \t\r\"'`<>=,;(){}\[\]][^ \t\r\"'`<>,;(){}\[\]]{2,})",
        '{"pw": "<a12>7<a4>"}',
        judges.short_name,
        ((b"pw",), rb"[\"']?[ \t]{0,4}[=:]"),
    ),
    named(
        "named-apart",
        KEY + CLOSES + _APART + rb"[\"'`]?(?P<secret>[^ \t\r\"'`|<>(]{8,})",
        "the password is <a12>7<a4>",
        told.apart,
        (SIGNS, FOLLOW),
    ),
    named(
        "named-ldif",
        KEY + rb"::[ ](?P<secret>[0-9A-Za-z+/]{8,}={0,2})",
        "userPassword:: <b24>",
        judges.quoted,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}::[ ]"),
        needs=(b":: ",),
    ),
    named(
        "webhook-address",
        rb"(?:hook[_-]?(?:ur[li]|address|endpoint)?[\"'`]?" + GIVES + rb"[\"'`]?https?://[^ \t\r\"'`<>?]{3,200}/"
        rb"|https?://hooks?[0-9]?[.][^ \t\r\"'`<>?]{3,60}/"
        rb"|https?://[^ \t\r\"'`<>?]{3,100}/(?:web)?hooks?(?:/v[0-9])?(?:/[^ /\t\r\"'`<>?]{1,40}){0,4}/)"
        rb"(?P<secret>[0-9A-Za-z_.~=-]{16,})",
        "webhook_url: https://example.com/hooks/<a24>7",
        judges.random,
        ((b"hook",), rb""),
        needs=(b"://",),
    ),
    named(
        "named-plain",
        _PLAIN + rb"(?P<secret>[^ \t\r\"'`<>=][^ \t\r\"'`<>]*)",
        "DB_PASSWORD=<a16>",
        unquoted.plain,
        needs=(b"=", b":", b"%3", b"\xef\xbc"),
    ),
    named(
        "connection-string-password",
        rb"[;\"'][ ]*(?:password|pwd|accountkey|sharedaccesskey)[ ]*=[ ]*[{]?"
        rb"(?P<secret>[^;\"'\n{}=]{3,}={0,2})[}]?[;\"']",
        "Server=db;Uid=me;Pwd=<a8> <a8>;Database=main",
        judges.quoted,
        ((b";pwd", b";password", b"; password", b"; pwd", b";accountkey", b";sharedaccesskey"), rb"[ ]{0,2}="),
    ),
)
