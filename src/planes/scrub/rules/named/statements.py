"""Statements of SQL and addresses that Oracle's tools take."""

from planes.scrub.rules.judging import command_judges, judges
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import KEY, named

_QUOTED = rb"[enu&]{0,2}'(?P<secret>(?:[^'\\]|''|\\.)+)'"

STATEMENT_RULES: tuple[Rule, ...] = (
    named(
        "sql-password",
        rb"(?:password|passwd|identified(?:[ \t]+with[ \t]+[0-9a-z_\"'`]+)?[ \t]+(?:by|as)(?:[ \t]+(?:password"
        rb"|values))?"
        rb"|secret|secret_access_key|session_token|access_token|aws_secret_key|sas_token|using)[ \t]+" + _QUOTED,
        "ALTER USER loader PASSWORD '<a16>'",
        command_judges.sql,
        ((b"password", b"passwd", b"identified", b"secret", b"_key", b"_token"), rb"[ \t]"),
        needs=(b"'",),
    ),
    named(
        "sql-password-in-text",
        rb"(?:password|passwd|identified[ \t]+by|secret)[ \t]*=?[ \t]*[enu]?''(?P<secret>[^' \t\n=,]{3,})''",
        "EXECUTE 'CREATE ROLE me LOGIN PASSWORD ''<a16>''';",
        judges.quoted,
        ((b"password", b"passwd", b"identified", b"secret"), rb"[ \t=]"),
        needs=(b"''",),
    ),
    named(
        "sql-quoted-password",
        rb"identified[ \t]+by[ \t]+(?:\"|q'[\[{(<!|])(?P<secret>[^\"'\n]+?)(?:\"|[\]})>!|]')",
        'CREATE USER me IDENTIFIED BY "<a16>"',
        judges.quoted,
        ((b"identified",), rb"[ \t]+by[ \t]+[\"q]"),
        needs=(b'"', b"q'"),
    ),
    named(
        "sql-bare-password",
        rb"\b(?:user|role|login|grant|connect[ \t]+to)\b[^\n]{0,200}identified[ \t]+by[ \t]+"
        rb"(?P<secret>[^ \t\r\n;\"'(]+)",
        "CREATE USER me IDENTIFIED BY <a16> ACCOUNT UNLOCK",
        command_judges.flag,
        ((b"identified",), rb"[ \t]+by[ \t]+[^\"' \t]"),
    ),
    named(
        "sql-replaced-password",
        rb"identified[ \t]+by[ \t]+[^ \t\n;]+[ \t]+replace[ \t]+[\"']?(?P<secret>[^ \t\r\n;\"'(]+)",
        "ALTER USER me IDENTIFIED BY x REPLACE <a16>",
        command_judges.flag,
        ((b"identified",), rb"[ \t]+by[ \t]"),
        needs=(b"replace",),
    ),
    named(
        "sql-key",
        rb"(?:\b(?:old_|hash)?password\([ \t]*[nu]?'|\bset[ \t]+password[ \t]+(?:for[ \t]+[^=\n]{1,120})?=[ \t]*[nu]?'"
        rb"|\bpragma[ \t]+(?:hex)?(?:re)?key[ \t]*=[ \t]*[\"']"
        rb"|\b(?:pgp_(?:sym|pub)_(?:en|de)crypt(?:_bytea)?|(?:aes|des)_(?:en|de)crypt|(?:en|de)cryptbypassphrase)"
        rb"\((?:[^()'\"\n]{1,200}|[ ]*'[^'\n]{0,200}'[ ]*),[ \t]*'"
        rb"|\battach[ \t]+(?:database[ \t]+)?'[^'\n]{1,200}'[ \t]+as[ \t]+[0-9a-z_\"]{1,40}[ \t]+key[ \t]+'"
        rb"|\baccount_add\([ \t]*'[^'\n]{1,80}'[ \t]*,[ \t]*'|\bcrypt\([ \t]*'"
        rb"|\bsp_addlinkedsrvlogin[ \t]+n?'[^'\n]{1,80}'(?:[ \t]*,[ \t]*(?:n?'[^'\n]{0,80}'|null|0|1)){3}"
        rb"[ \t]*,[ \t]*n?'"
        rb"|\bsp_(?:addlogin|adduser)[ \t]+n?'[^'\n]{1,80}'[ \t]*,[ \t]*n?'"
        rb"|\bsp_password[ \t][^'\n]{0,40}@new[ \t]*=[ \t]*n?'"
        rb"|\bsecret[ \t][^()\n]{0,80}\((?:[^()\n]{0,400}[,( \t])?(?:bearer_token|token|secret|session_token)[ \t]+')"
        rb"(?P<secret>[^'\"\n]+)",
        "SET PASSWORD FOR me = PASSWORD('<a16>')",
        judges.quoted,
        (
            (
                b"password(",
                b"set password ",
                b"pragma ",
                b"_encrypt",
                b"_decrypt",
                b"bypassphrase(",
                b"account_add(",
                b"attach ",
                b"crypt(",
                b"sp_addlogin",
                b"sp_addlinkedsrvlogin",
                b"sp_adduser",
                b"sp_password",
                b"create secret ",
                b"replace secret ",
                b"persistent secret ",
                b"temporary secret ",
            ),
            rb"",
        ),
    ),
    named(
        "sql-variable",
        rb"(?:@[0-9a-z_]{0,30}"
        + KEY
        + rb"[ \t]+(?:as[ \t]+)?[a-z]{2,20}(?:\([0-9a-z]{1,5}\))?[ \t]*="
        + rb"|"
        + KEY
        + rb"[ \t]+(?:n?varchar2?|text|n?clob|string|char)(?:\([0-9a-z ]{1,10}\))?[ \t]*(?::=|default))[ \t]*n?'"
        + rb"(?P<secret>[^'\n]+)",
        "DECLARE @password NVARCHAR(50) = N'<a16>'",
        judges.quoted,
        needs=(b"@", b"char", b"text", b"clob", b"string"),
    ),
    named(
        "sql-table-password",
        rb"\b(?:(?:mysql|postgresql|mongodb|remote(?:secure)?)\([ \t]*'[^'\n]{3,200}'"
        rb"(?:[ \t]*,[ \t]*'?[^',()\n]{1,80}'?){2}"
        rb"|remote(?:secure)?\([ \t]*'[^'\n]{3,200}'[ \t]*,[ \t]*[0-9a-z_.]{1,80})"
        rb"[ \t]*,[ \t]*'[^'\n]{1,80}'[ \t]*,[ \t]*'(?P<secret>[^'\n]+)'",
        "SELECT * FROM mysql('db.example.com:3306', 'main', 'orders', 'loader', '<a16>')",
        judges.quoted,
        ((b"mysql(", b"postgresql(", b"mongodb(", b"remote(", b"remotesecure("), rb"[ \t]*'"),
    ),
    named(
        "sql-s3-secret",
        rb"\b(?:s3|s3cluster|gcs|deltalake|iceberg|hudi|oss|cosn)\([^\n()]{0,300}?'[^']{8,}'[ \t]*,[ \t]*"
        rb"'[0-9A-Za-z_-]{4,}'[ \t]*,[ \t]*'(?P<secret>[^'\n]{8,})'[ \t]*[,)]",
        "SELECT * FROM s3('https://b.example.com/x', '<u20>', '<a20>7<b19>', 'CSV')",
        judges.quoted,
        ((b"s3(", b"s3cluster(", b"gcs(", b"deltalake(", b"iceberg("), rb"[ \t]*'"),
    ),
    named(
        "oracle-password",
        rb"(?:oracle:thin:|\bconn(?:ect)?[ \t]+|sqlplus[ \t]+(?:-[a-z]+[ \t]+)*|(?:expdp|impdp|sqlldr)[ \t]+"
        rb"(?:userid=)?|\brman[ \t]+(?:target|catalog)[ \t=]+)[\"']?"
        rb"[0-9a-z_$#]+/[\"']?(?P<secret>[^ \t\r\"']+)[\"']?@",
        "jdbc:oracle:thin:me/<a16>@//db.example.com:1521/x",
        judges.quoted,
        ((b"oracle:thin:", b"connect ", b"conn ", b"sqlplus", b"expdp", b"impdp", b"sqlldr", b"rman"), rb""),
    ),
    named(
        "oracle-login",
        rb"(?:\b|\\[nrt])(?:expdp|impdp|sqlldr)[ \t]+(?:userid=)?[\"']?[0-9a-z_$#]+/"
        rb"(?P<secret>[^ \t\r\"'@/]+)[\"']?(?:[ \t]|$)",
        "expdp system/<a16> directory=dumps",
        judges.quoted,
        ((b"expdp ", b"impdp ", b"sqlldr "), rb""),
        needs=(b"/",),
    ),
    named(
        "oracle-connect",
        rb"(?:^|[^0-9a-z_./-]|\\[nrt])[a-z_][0-9a-z_$#.]{0,40}/(?P<secret>[^ \t\r\"'/]{3,})@"
        rb"(?://)?[0-9a-z_.-]+:[0-9]{2,5}[/:][0-9a-z_.]+",
        "loader/<a16>@db.example.com:1521/main",
        judges.quoted,
        ((b"@",), rb"(?://)?[0-9A-Za-z_.-]{1,80}:[0-9]{2,5}[/:]"),
    ),
)
