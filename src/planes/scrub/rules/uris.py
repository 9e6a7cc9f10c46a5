"""Credentials in addresses: `scheme://user:password@host`, whatever the scheme."""

from planes.scrub.rules import judges
from planes.scrub.rules.model import Rule

URI_RULES: tuple[Rule, ...] = (
    Rule(
        "uri-password",
        "uri-password",
        (b"://",),
        rb"[^ \t\r\n/@:\"'<>?#]*:[^ \t\r\n\"'<>/?#]*@",
        rb"://[^ \t\r/@:\"'<>?#]*:(?P<secret>[^ \t\r\"'<>/?#]+)@",
        "RFC 3986: user information",
        "postgresql://loader:<a20>@db.example.com:5432/main",
        judges.uri_password,
    ),
    Rule(
        "uri-loose-password",
        "uri-password",
        (b"://",),
        rb"[^ \t\r\n/@:\"'<>?#]*:[^ \t\r\n\"'<>@]*@",
        rb"://[^ \t\r/@:\"'<>?#]*:(?P<secret>[^ \t\r\"'<>@/?#]*[/?#][^ \t\r\"'<>@]*)@",
        "RFC 3986: user information, not quoted as it should be",
        "mysql://loader:<a10>/<a10>@db.example.com/main",
        judges.loose_uri_password,
    ),
    Rule(
        "uri-cut-password",
        "name",
        (b"://",),
        rb"[^ \t\r\n/@:\"'<>?#]*:[^ \t\r\n\"'<>@/?#]*(?:\xe2\x80\xa6|\.\.\.)",
        rb"://[^ \t\r/@:\"'<>?#]*:(?P<secret>[^ \t\r\"'<>/?#@]{3,80}?)(?:\xe2\x80\xa6|\.\.\.)",
        "RFC 3986: user information, cut off by a printer",
        "postgresql://loader:<a12>...",
        judges.uri_password,
    ),
    Rule(
        "dsn-password",
        "name",
        (b"@tcp(", b"@unix("),
        b"",
        rb"[0-9A-Za-z_.-]+:(?P<secret>[^ \t\r\"'<>/:]+)@(?:tcp|unix)\(",
        "Go MySQL driver: data source names",
        "loader:<a20>@tcp(db.example.com:3306)/main",
        judges.uri_password,
    ),
    Rule(
        "netloc-password",
        "name",
        (b"netloc", b"authority", b"userinfo"),
        rb"[\"']?[=:]",
        rb"(?:netloc|authority|userinfo)[\"']?[=:][ ]?b?[\"'][^ \t\r/@:\"'<>?#]*:(?P<secret>[^ \t\r\"'<>/?#]+)@",
        "RFC 3986: the authority of an address taken apart",
        "ParseResult(scheme='postgres', netloc='loader:<a20>@db.example.com', path='/main')",
        judges.uri_password,
    ),
    Rule(
        "host-password",
        "name",
        (b"@",),
        rb"[0-9A-Za-z_.-]{1,80}:[0-9]{2,5}",
        rb"(?:^|[^0-9A-Za-z_.:+-])(?:[a-z0-9+]{2,20}:?//)?[0-9A-Za-z_.-]+:"
        rb"(?P<secret>[^ \t\r\"'<>:@/][^ \t\r\"'<>:@]{2,})@"
        rb"[0-9A-Za-z_.-]+:[0-9]{2,5}(?:[/ \t\"']|$)",
        "how programs print addresses without a scheme",
        "loader:<a20>@db.example.com:5432/main",
        judges.uri_password,
    ),
    Rule(
        "uri-broken-password",
        "name",
        (b"@",),
        rb"[0-9A-Za-z_.-]{1,80}[/ \t\"'`?\n]",
        rb"(?:^|[^0-9A-Za-z_.:+/-])[a-z][0-9a-z+]{2,30}(?::/|//|:///)[0-9A-Za-z_.%-]{1,80}:"
        rb"(?P<secret>[^ \t\r\"'<>@/]{3,})@[0-9A-Za-z_-]",
        "how errors print addresses that are written wrong",
        "could not parse 'snowflake//loader:<a20>@account/main'",
        judges.uri_password,
        before=rb"[^ \t\"'/@\n]",
    ),
    Rule(
        "uri-token",
        "uri-password",
        (b"http://", b"https://"),
        rb"[^ \t\r\n/@:\"'<>?#]{16}[^ \t\r\n/@:\"'<>?#]*(?::[0-9A-Za-z_-]*)?@",
        rb"https?://(?P<secret>[0-9A-Za-z_.~%-]{16,})(?::(?:x-oauth-basic|api_?token|token|[xX]?))?@",
        "RFC 3986: user information",
        "https://<a20>7<a19>@git.example.com/a.git",
        judges.uri_token,
    ),
)
