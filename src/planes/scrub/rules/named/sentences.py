"""Values that texts tell beside a sensitive name, or far behind it: errors, prompts, changes, logins, defaults."""

from planes.scrub.rules.judging import cells, judges, told
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import CLOSES, FOLLOW, KEY, NAME, SIGNS, named

_SCAN = (SIGNS, FOLLOW)
# What links the old and the new value of something that changed.
_OLD = rb"\b(?:old|previous|former|before|from)(?:[_ ]?(?:value|key|secret|token|password))?(?:[ ]?[=:][ ]?|[ ])[\"'`]?"
_NEW = rb"\b(?:new|current|after)(?:[_ ]?(?:value|key|secret|token|password))?(?:[ ]?[=:][ ]?|[ ])[\"'`]?"
# Words of a remark behind which the value stands, and with what may stand between.
_REMARKS = (b"value", b"was", b"got", b"received", b"given", b"found", b"provided", b"environment", b"default")
_BEFORE_QUOTE = tuple(word + sign for word in _REMARKS for sign in (b" '", b' "', b":", b"="))
_BRACKETS = tuple(
    word + sign
    for word in (b"value", b"was", b"got", b"received", b"found", b"rejected")
    for sign in (b" [", b" <", b": [", b": <")
)
_BEHIND_QUOTE = tuple(quote + word for quote in (b"'", b'"', b"`") for word in (b" for ", b" of ", b" in "))
_END = rb"(?P<secret>[^ \t\r\"'`,;<>()\[\]{}]{8,})"

SENTENCE_RULES: tuple[Rule, ...] = (
    named(
        "named-far",
        KEY
        + rb"[\"'`]?(?:[ ,.:)][^\n]+?)??"
        + rb"(?:[a-z0-9)\]>`][:=]|[ (](?:got|was|is|received|found|given|provided|to|assert"
        rb"|(?:must|cannot|should)(?: not)? be"
        rb"|not the [a-z]{1,12})[ ]?:?)[ ]"
        rb"[bru]?[\"'`](?P<secret>[^\"'`\n ]+)[\"'`]",
        "field `api_key` cannot be coerced into type `int`: '<a12>7<a11>'",
        judges.far,
        needs=(
            b": ",
            b"= ",
            b" got ",
            b"(got ",
            b" was ",
            b" is ",
            b" received ",
            b" found ",
            b" given ",
            b" provided ",
            b" to ",
            b" assert ",
            b" be ",
            b" not the ",
        ),
    ),
    named(
        "named-far-plain",
        KEY + rb"[\"'`]?[ ,.)][^\n]+?[a-z)\]>`][:=][ ](?P<secret>[^\"'`\n ]{20,})",
        "secret of sales (see the page of the team, which has more on it): <a10>7<a6>2B<a12>",
        judges.far,
        needs=(b": ", b"= "),
    ),
    named(
        "named-constructed",
        NAME + rb"[a-z_][0-9a-z_:.]{0,40}\([bruf]{0,2}[\"'](?P<secret>[^\"'\n]+)[\"']",
        'let token = String::from("<a12>7<a11>");',
        judges.random,
        needs=(b"(",),
    ),
    named(
        "named-type",
        KEY + rb"\([bruf]{0,2}[\"'](?P<secret>[^\"'\n]+)[\"']",
        'Some(Token("<a12>7<a11>"))',
        judges.random,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}\("),
        needs=(b"(",),
    ),
    named(
        "named-fallback",
        KEY + CLOSES + rb"\)?[ ]?(?:[|]{2}|\?\?|\?:|\bor\b)[ ]?[bru]?[\"'`](?P<secret>[^\"'`\n]+)[\"'`]",
        "process.env.SECRET || '<a12>7<a11>'",
        judges.random,
        _SCAN,
        needs=(b"||", b"??", b"?:", b" or "),
    ),
    named(
        "named-default-argument",
        KEY + rb"[\"'][ ]?,[ ]?(?:[a-z_]+=[^,\"'\n]{1,40},[ ]?)?(?:default|fallback|initial)[a-z_]{0,10}[ ]?=[ ]?"
        rb"[bru]?[\"'](?P<secret>[^\"'\n]+)[\"']",
        "config('SECRET_KEY', default='<a12>7<a11>')",
        judges.default,
        _SCAN,
        needs=(b"default", b"fallback", b"initial"),
    ),
    named(
        "named-got",
        KEY + rb"[ ](?:got|has|holds)(?:[ ]value)?[ ](?P<secret>[^ \t\r\"'`<>(]{16,})(?:[ \t\r,;]|$)",
        "variable SHOP_API_TOKEN got <a12>7<a11>",
        judges.random,
        _SCAN,
        needs=(b" got ", b" has ", b" holds "),
    ),
    named(
        "named-unpacked",
        rb",[ ]?[$@]?[0-9a-z_]{0,30}" + KEY + rb"\)?[ ]?:?=[ ]?[(\[]?[ ]?[bru]?[\"'][^\"'\n]{0,80}[\"'][ ]?,[ ]?"
        rb"[bru]?[\"'](?P<secret>[^\"'\n]+)[\"']",
        "my ($user, $pass) = ('loader', '<a12>7<a3>');",
        judges.quoted,
        _SCAN,
        needs=(b"=",),
    ),
    named(
        "named-asked",
        KEY + rb"(?:[ ]for[ ](?:key[ ]|user[ ]|account[ ])?(?:'[^'\n]{1,120}'|\"[^\"\n]{1,120}\"|[^ :\n]{1,80}))?"
        rb"(?:[ ]?[?:][ ]+(?:(?:\xe2\x80\xa6|\xe2\x80\xba|\xe2\x9d\xaf|\xc2\xb7|>)[ ]+)?"
        rb"|[ ](?:\xe2\x80\xa6|\xe2\x80\xba|\xe2\x9d\xaf|\xc2\xb7)[ ]+|\\+t)"
        rb"[\"'`]?(?P<secret>[^ \t\r\"'`<>\\(]{6,})",
        "? What is your API key? <a12>7<a11>",
        told.answered,
        _SCAN,
        needs=(b"? ", b": ", b"\\t", b"\xe2\x80", b"\xe2\x9d\xaf", b"\xc2\xb7"),
    ),
    named(
        "named-marked-up",
        KEY + rb"(?:[\"']?\])?[ ]?(?:[:=]|is|was)?[ ]*"
        rb"(?:</?(?:code|b|strong|span|em|i|pre|kbd|samp|var|tt|td|th|dd|br|p|div|font|a|u)"
        rb"(?:[ /][^<>\n]{0,60})?>"
        rb"[ :]*){1,4}(?P<secret>[^<> \t\n]{6,})<",
        "<li>API key: <code><a12>7<a11></code></li>",
        told.apart_or_word,
        _SCAN,
        needs=(b"<",),
    ),
    named(
        "typed-again",
        rb"repeat for confirmation:[ ](?P<secret>[^ \t\r\n]{6,})",
        "Repeat for confirmation: <a12>7<a4>",
        told.answered,
        ((b"repeat for confirmation: ",), rb""),
    ),
    named(
        "named-resolved",
        KEY + rb"(?:[^\n]{0,60}?[ ](?:resolved|resolves|evaluates|evaluated|expands|expanded|decodes|decrypts)[ ]to"
        rb"|[\"']?[\])][^\n]{0,40}?[ ](?:=>|->|=))[ ][\"'`]?(?P<secret>[^ \t\r\"'`<>]{6,})",
        "secret('DB_PASSWORD') resolved to <a12>7<a3>",
        told.answered,
        _SCAN,
        needs=(b" to ", b" => ", b" -> ", b" = "),
    ),
    named(
        "value-unconverted",
        rb"(?:convert|parse|cast|coerce|decode|interpret)[a-z]{0,4}[ ][^\n\"'`]{0,60}"
        rb"[\"'`](?P<secret>[^ \"'`\n]{6,})[\"'`]"
        rb"[^\n]{0,160}?[ (\[](?:column|field|key|option|setting|variable|parameter|argument)s?[ :=]{1,2}"
        rb"[\"'`]?[0-9a-z_.-]*" + KEY,
        "could not convert string to float: '<a12>7<a3>' (column api_key)",
        judges.random,
        _SCAN,
        needs=(b"convert", b"parse", b"cast", b"coerce", b"decode", b"interpret"),
    ),
    named(
        "value-refused",
        rb"[\"'`](?P<secret>[^ \t\r\"'`\n]{6,})[\"'`][ ](?:is|was)[ ](?:not[ ]|no[ ])?(?:a[ ]|an[ ]|the[ ])?"
        rb"(?:valid[ ]|invalid[ ]|wrong[ ]|correct[ ]|known[ ])?[\"'`]?[0-9a-z_-]{0,30}" + KEY,
        '"<a12>7<a3>" is not a valid password',
        judges.random,
        _SCAN,
        needs=(b" is ", b" was "),
    ),
    named(
        "named-remark",
        KEY
        + rb"[\"'`](?:[^\n\"'`]{0,60}?|[^\n\"'`]{0,40}?[\[<][^\]>\n]{0,120}[\]>][ ])[ (\[](?:"
        + b"|".join(_REMARKS)
        + rb")(?:[:=][ ]?|[ ])[\"'](?P<secret>[^\n]+?)[\"'](?:[ ,.;)\]]|$)",
        "unused setting 'api_key' (value '<a12>7<a3>')",
        cells.made,
        _SCAN,
        needs=_BEFORE_QUOTE,
    ),
    named(
        "named-bracketed",
        KEY + rb"[\"'`]?[ :,](?:[^\n]{0,60}?[ ])?(?:value|was|got|received|found|rejected):?[ ]"
        rb"(?:\[[\"']?|<)(?P<secret>[^\n]+?)(?:[\"']?\]|>)(?:[ \t\r;,.]|$)",
        "field 'api_key': rejected value [<a12>7<a3>]; codes",
        cells.made,
        _SCAN,
        needs=_BRACKETS,
    ),
    named(
        "value-where",
        rb"(?:\b|\\[nrt])where[ ][bru]?[\"'](?P<secret>[^\n]+?)[\"'][ ]=[ ][^\n]{0,200}?" + KEY + rb"(?:[^0-9a-z_-]|$)",
        "where '<a12>7<a3>' = Settings(host='x').api_key",
        judges.quoted,
        _SCAN,
        needs=(b" = ",),
    ),
    named(
        "value-for-name",
        rb"(?:value|got|received|given|found|input)[ :]{1,2}[bru]?[\"'`](?P<secret>[^\"'`\n]{3,})[\"'`]"
        rb"[ ](?:for|of|in)[ ](?:(?:the[ ])?(?:env(?:ironment)?|variable|setting|option|key|field|flag|argument"
        rb"|parameter|property|input)[ ]){0,2}[\"'`$-]{0,3}[0-9A-Za-z_.-]*" + KEY + rb"(?:[^0-9a-z_-]|$)",
        "invalid value '<a12>7<a3>' for flag -api-key",
        cells.made,
        _SCAN,
        needs=_BEHIND_QUOTE,
    ),
    named(
        "named-old",
        KEY + rb"[\"'`]?[ ,;:][^\n]{0,80}?" + _OLD + _END,
        "secret rotated: old value <a12>7<a11>, new value in the vault",
        judges.random,
        _SCAN,
        needs=(b"old", b"previous", b"former", b"before", b"from"),
    ),
    named(
        "named-told-old",
        KEY + rb"[\"'`\])]{0,4}[ ](?:(?:was|has[ ]been)[ ])?(?:changed|updated|modified|switched)[ ]from[ ]"
        rb"[\"'`](?P<secret>[^\n]+?)[\"'`][ ]to[ ]",
        "the value of root['password'] changed from \"<a12>\" to None.",
        judges.quoted,
        _SCAN,
        needs=(b"ed from ",),
    ),
    named(
        "named-new",
        KEY + rb"[\"'`]?[ ,;:][^\n]{0,160}?" + _NEW + _END,
        "secret rotated: new value <a12>7<a11>",
        judges.random,
        _SCAN,
        needs=(b"new", b"current", b"after"),
    ),
    named(
        "named-told-new",
        KEY + rb"[\"'`\])]{0,4}[ ](?:(?:was|has[ ]been|is)[ ])?(?:changed|updated|modified|switched|rotated"
        rb"|differs)[ :]+(?:from[ ])?[\"'`]?[^ \n]+[ ](?:->|=>|to|\xe2\x86\x92)[ ]"
        rb"[\"'`]?(?P<secret>[^ \t\r\"'`,;<>()]{8,})",
        "token changed: none -> <a12>7<a4>",
        judges.random,
        _SCAN,
        needs=(b"changed", b"updated", b"modified", b"switched", b"rotated", b"differs"),
    ),
    named(
        "named-compared",
        KEY + rb"\((?P<secret>[^ ()\n\"']{6,})\)[ ][!=]=[ ]",
        "password(<a12>7<a4>) != 'x'",
        cells.made,
        (SIGNS, rb"\("),
        needs=(b") !=", b") =="),
    ),
    named(
        "named-turned",
        NAME + rb"(?:\"[^\"\n]*\"|'[^'\n]*'|[^ \t\"'\n]+)[ \t]*(?:->|=>|\xe2\x86\x92)[ \t]*"
        rb"[\"'](?P<secret>[^\"'\n]+)[\"']",
        "password: 'known' -> '<a12>7<a3>'",
        judges.quoted,
        _SCAN,
        needs=(b"->", b"=>", b"\xe2\x86\x92"),
    ),
    named(
        "value-told-first",
        rb"(?:got|received|value|input|use|used|using|set|trying|tried|with)[ :]+"
        rb"[\"'`]?(?P<secret>[^ \t\r\"'`,;<>()\[\]{}]{8,})"
        rb"[\"'`]?(?:[ ]as[ ]|[ ,]+(?:-[ ])?at[ ])(?:the[ ]|your[ ]|a[ ]|new[ ])*"
        rb"[\"'`]?[$0-9a-z_./\[\]-]*" + KEY,
        "use <a12>7<a11> as the password",
        judges.random,
        _SCAN,
        needs=(b" as ", b" at "),
    ),
    named(
        "login-told",
        rb"(?:connect(?:ing|ed)?|authenticat(?:ing|ed|e)|bind(?:ing)?|bound|sign(?:ing|ed)? in)[ ](?:as|with)[ ]"
        rb"[\"'`]?[0-9a-z_.@+-]{1,60}[:/](?P<secret>[^ \t\r\"'`/()@]{6,})",
        "connecting as loader:<a12>7<a3> to db.example.com",
        told.apart_or_word,
        (
            tuple(
                b"connecting as |connected as |connect as |connecting with |authenticating as |authenticated as "
                b"|authenticate as |binding as |bind as |bound as |signing in as |signed in as ".split(b"|")
            ),
            rb"",
        ),
    ),
    named(
        "login-with",
        rb"(?:logg(?:ing|ed) in|log in|sign(?:ing|ed) in|connect(?:ing|ed)|authenticat(?:ing|ed)|bound|binding)[ ]as[ ]"
        rb"(?:user[ ])?[\"'`]?[0-9a-z_.@+-]{1,60}[\"'`]?[ ](?:with|using)[ ][\"'`]?(?P<secret>[^ \t\r\"'`<>(]{6,})",
        "logging in as loader with <a12>7<a3>",
        told.answered,
        ((b" in as ", b"connecting as ", b"connected as ", b"authenticating as ", b"authenticated as "), rb""),
    ),
    named(
        "login-refused",
        rb"(?:(?:auth(?:entication)?|login|logon)[ ](?:has[ ])?failed for[ ](?:user[ ])?[\"'`]?|login attempt[ ]\[)"
        rb"[0-9a-z_.@+-]{1,60}[:/]"
        rb"(?P<secret>[^ \t\r\"'`/()@\]]{6,})",
        "auth failed for loader/<a12>7<a3>",
        told.apart_or_word,
        ((b"failed for ", b"login attempt ["), rb""),
    ),
    named(
        "azure-listed-key",
        rb"[\"']value[\"'][ ]?:[ ]?[\"'](?P<secret>[0-9a-z+/]{86}==)[\"']",
        '{"permissions": "FULL", "value": "<b86>=="}',
        judges.random,
        ((b'value"', b"value'"), rb"[ ]?:[ ]?[\"'][0-9A-Za-z+/]{8}"),
    ),
)
