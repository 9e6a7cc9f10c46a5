"""Headers, cookies, and parameters of signed addresses."""

from planes.scrub.rules.judging import cells, header_judges, judges, login_judges
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import named

_GIVES = rb"[\"'`\\]*\]?[ \t]*[:=,][ \t]*\\*(?:b?\\*[\"'`])?"
_SCHEMES = (
    rb"(?:bearer|basic|token|digest|negotiate|apikey|api-key|ssws|splunk|geniekey|bot|key|oauth|jwt|hmac|sharedkey"
    rb"|sharedkeylite|sharedaccesssignature|dpop|hawk|ntlm|zoho-oauthtoken|pve[a-z]*token)"
)
_COOKIE = rb"[^ \r=;,\"'`\\]+=(?:\"[^\"\r\n]*\"|[^ \r;\"'`\\]*)"
_SIGNATURES = b"(?:x-amz-(?:signature|credential|security-token)|x-goog-signature|signature|sig)"
_PARAMETERS = b"(?:auth|key|code|hmac|ticket|sid|nonce_token|appid|assertion|otp)"

HEADER_RULES: tuple[Rule, ...] = (
    named(
        "authorization-header",
        rb"authorization"
        + _GIVES
        + rb"\[?(?:"
        + _SCHEMES
        + rb"[ \t]+[\"'`]?|[a-z][a-z_-]{2,30}[ \t]+(?:[a-z_]{1,20}=\"?)?)?(?P<secret>[^ \t\r\"'`,;\\<>]+)",
        "Authorization: Basic <b40>=",
        header_judges.header,
        ((b"authorization",), rb""),
    ),
    named(
        "url-signature",
        rb"(?:[?&;]|%26|%3F)(?:amp;)?" + _SIGNATURES + rb"(?:=|%3D)(?P<secret>[^&# \t\r\"'<>\\]{8,})",
        "https://bucket.example.com/x?X-Amz-Signature=<h64>&x=1",
        judges.parameter,
        ((b"sig", b"signature", b"credential", b"security-token"), rb"(?:=|%3D)"),
    ),
    named(
        "url-key",
        rb"[?&;]" + _PARAMETERS + rb"=(?P<secret>[^&# \t\r\"'<>\\]{12,})",
        "https://api.example.com/x?key=<a24>7&x=1",
        judges.random,
        ((b"?", b"&", b";"), _PARAMETERS + rb"=[^&# \t\r\n\"'<>]{12}"),
    ),
    named(
        "form-code",
        rb"(?:\b|\\[nrt])code=(?P<secret>[^&# \t\r\"'<>\\]{12,})&(?:state|grant_type|redirect_uri|client_id"
        rb"|session_state|scope)=",
        "code=<a40>&state=<a8>&grant_type=authorization_code",
        judges.random,
        ((b"code=",), rb"[^&# \t\r\n\"'<>]{12}"),
    ),
    named(
        "header-signature",
        rb"(?:response|signature|oauth_signature|oauth_token|mac|cnonce)=\\*\"?(?P<secret>[0-9a-z%+/_=-]{8,})",
        'Authorization: Digest username="me", realm="x", response="<h32>"',
        judges.signature,
        ((b"response", b"signature", b"oauth_token", b"mac", b"cnonce"), rb"="),
    ),
    named(
        "refused-header",
        # requests, http.client, h11, Go, undici
        rb"(?:header(?:[ ]field)?[ ]value:?[ ]b?|\bheaders\.(?:append|set):[ ])[\"'](?:" + _SCHEMES + rb"[ ]+)?"
        rb"(?P<secret>[^ \"'\\\n]+)",
        "ValueError: Invalid header value b'Bearer <a12>7<a11>\\n'",
        cells.made,
        ((b"header value", b"header field value", b"headers.append: ", b"headers.set: "), rb""),
    ),
    named(
        "signature-header",
        rb"(?:[0-9a-z]{1,20}-){1,4}(?:signature|hmac)(?:-[0-9a-z]{1,10})?[\"'`]?[ \t]*[:=,][ \t]*b?[\"'`]?"
        rb"(?:[0-9a-z]{1,8}=[0-9]{1,12},)?(?:[0-9a-z]{1,8}=)?(?P<secret>[0-9a-z+/_-]{24,}={0,2})",
        "X-Hub-Signature-256: sha256=<h64>",
        judges.signature,
        ((b"-signature", b"-hmac"), rb"[0-9A-Za-z-]{0,10}[\"'`]?[ \t]{0,4}[:=,]"),
    ),
    named(
        "bearer-token",
        rb"(?:bearer|basic)[ \t]+(?P<secret>[0-9A-Za-z._~+/-]{8,}=*)",
        "got Bearer <w40>7 from cache",
        login_judges.bearer,
        ((b"bearer", b"basic"), rb"[ \t]"),
    ),
    named(
        "cookie-header",
        rb"cookie[23]?" + _GIVES + rb"(?P<secret>" + _COOKIE + rb"(?:;[ ]?" + _COOKIE + rb")*)",
        "Cookie: session=<a30>; theme=<a5>",
        header_judges.cookie,
        ((b"cookie",), rb"[23]?[\"'`\]\\]{0,4}[ \t]{0,4}[:=,]"),
    ),
    Rule(
        "cookie-file",
        "name",
        (b"\tTRUE\t", b"\tFALSE\t"),
        rb"[0-9]+\t",
        rb"\t(?:TRUE|FALSE)\t/[^\t\n]*\t(?:TRUE|FALSE)\t[0-9]+\t[^\t\n]+\t(?P<secret>[^ \t\r\n]{8,})",
        "curl: the Netscape cookie file format",
        ".example.com\tTRUE\t/\tTRUE\t1790000000\tsession\t<a24>7<a8>",
        judges.random,
    ),
    named(
        "session-cookie",
        rb"(?:session(?:[ _-](?:cookie|id|key))?|sessionid|csrf"
        rb"|(?:^|[^0-9a-z])(?:sid|sess)|csrftoken|xsrf-token|remember_token|connect\.sid)"
        rb"[\"'`]?[=:][ \t]*[\"'`]?"
        rb"(?P<secret>[0-9A-Za-z%._+/-]{16,}={0,2})",
        "sessionid=<a24>7<a8>",
        judges.session,
        (
            (b"session", b"sid", b"sess", b"csrf", b"csrftoken", b"xsrf-token", b"remember_token"),
            rb"(?:id|[ _-](?:cookie|id|key))?[\"'`]?[=:][ \t]{0,4}",
        ),
    ),
)
