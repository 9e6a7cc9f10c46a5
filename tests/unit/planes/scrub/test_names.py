"""Values beside sensitive names: found in every shape, left alone where they are none."""

import base64
from collections.abc import Callable

import pytest

from planes.scrub import scrub_text
from planes.scrub.rules.samples import fake

S = "hunter2-Xy9"  # what must go

MASKED = [
    f'url.Values{{"client_secret":[]string{{"{S}"}}, "user":[]string{{"u"}}}}',
    f'http.Header{{"Accept":[]string{{"*/*"}}, "X-Api-Key":[]string{{"{S}"}}}}',
    f'map[string]interface {{}}{{"auth_token":interface {{}}("{S}")}}',
    f'(("host" . "h") ("client_secret" . "{S}"))',
    f'[["db","admin_password"],"7{S}a"]',
    f'{{"message":"Variable \\"$client_secret\\" got invalid value \\"{S}\\"; Int cannot represent it"}}',
    f"Param: api_key, Value: {S},",
    f"db password mismatch: expected '{S}', got ''",
    f"{{'client_secret': ['Not a valid integer: {S}'], 'port': ['Missing data']}}",
    f'{{"name": "api_key", "default": "{S}", "type": "string"}}',
    f'{{"property":{{"source":"env","value":"{S}"}},"name":"signing_secret"}}',
    f"{{{{ var.value.db_password }}}} -> {S}",
    f"  • db_password ⇒ {S}",
    f"client_secret<str>: '{S}'",
    f'Config(host: "h", apiKey: Optional("{S}"))',
    f"**password**: {S}",
    f"password={S}",
    f"<pre>{{&#x27;secret_key&#x27;: &#x27;{S}&#x27;}}</pre>",
    f"{{&amp;quot;password&amp;quot;: &amp;quot;{S}&amp;quot;}}",
    f'<input value="{S}" type="password" name="db_password" id="x">',
    f"ValueError: 'access_token' must be in ['a', 'b'] (got '7{S}a1')",
    f"InvalidHeader: reserved character(s) in header value: 'Bearer 7{S}\\n'",
    f"h11._util.LocalProtocolError: Illegal header value b'7{S}\\n'",
    f'TypeError: Headers.append: "Bearer 7{S}\\n" is an invalid header value.',
    f"Verbindung mit dem Kennwort '{S}'",
    "con la contraseña '1990-12-11'".replace("1990-12-11", S),
    f"parola d'ordine: {S}",
    f"[ClientSecret, aB3dE5gH7{S.replace('-', '')}]",
    f"PASSWORD={S}",
    f"DB_PASSWORD={S}",
    f"export API_TOKEN={S}",
    f"+ export API_TOKEN={S}",
    f"SOURCES__SHOP__API_KEY={S}",
    f"sources.shop.api_key = {S}",
    f'destination.postgres.credentials.password = "{S}"',
    f"password: {S}",
    f"  password: '{S}'",
    f'"password": "{S}"',
    f'{{"user": "me", "password": "{S}", "host": "x"}}',
    f"{{'user': 'me', 'password': '{S}', 'host': 'x'}}",
    f'{{\\"password\\": \\"{S}\\", \\"a\\": 1}}',
    f'{{\\\\\\"password\\\\\\": \\\\\\"{S}\\\\\\"}}',
    f"Credentials(username='me', password='{S}', host='x')",
    f"connect(password={S}, host=x)",
    f"connect(host=x, password={S})",
    f"host=x password={S} dbname=y",
    f"Server=x;Uid=me;Pwd={S};Database=y",
    f"jdbc:sqlserver://x:1433;user=me;password={S};encrypt=true",
    f"https://x.example.com/a?b=1&access_token={S}&c=2",
    f"https://x.example.com/a?api_key={S}",
    f"https://x.example.com/a?api_key={S}#part",
    f"X-Api-Key: {S}",
    f"x-api-key: {S}",
    f"'X-Auth-Token': '{S}'",
    f"(b'x-api-key', b'{S}')",
    f'["api-key", "{S}"]',
    f"Authorization: Bearer {S}",
    f"authorization: {S}",
    f"'Authorization': 'Bearer {S}'",
    f'"Authorization": "Basic {S}"',
    f"(b'Authorization', b'Bearer {S}')",
    f"curl -H 'Authorization: token {S}' https://x",
    f"Proxy-Authorization: Basic {S}",
    f"Cookie: session={S}",
    f"Cookie: a=b; session={S}; c=d",
    f"'Cookie': 'session={S}'",
    f"Set-Cookie: sid={S}; Path=/; HttpOnly",
    f"tool --password {S} --verbose",
    f"tool --password={S}",
    f"tool --db-password '{S}'",
    f"['tool', '--password', '{S}']",
    f"CREATE USER x WITH PASSWORD '{S}'",
    f"ALTER USER x IDENTIFIED BY '{S}'",
    f"CREATE SECRET (TYPE s3, KEY_ID 'x', SECRET '{S}')",
    f"<password>{S}</password>",
    f"<ns:apiKey>{S}</ns:apiKey>",
    f"password%3D{S}",
    f"password=%22{S}%22",
    f"client_secret => {S}",
    f':password=>"{S}"',
    f'password := "{S}"',
    f"os.environ['API_TOKEN'] = '{S}'",
    f"env[API_TOKEN]={S}",
    f"machine x.example.com login me password {S}",
    f"curl -u me:{S} https://x",
    f"wget --user me:{S} https://x",
    f"\x1b[33mpassword\x1b[0m=\x1b[32m'{S}'\x1b[0m",
    f"pass\x1b[0mword={S}",
    f"DB_PASS={S}",
    f"redis_auth={S}",
    f"clientSecret: {S}",
    f"refreshToken={S}",
    f"private_key_passphrase: {S}",
    f"secret_key_1={S}",
    f"password='it is {S} with blanks'",
    f'password="a \\"quoted\\" {S}"',
    f"password=a,b;{S}",
    f"PWD={S};UID=x",
    f"password={{{S};x}}",
    f"&quot;password&quot;:&quot;{S}&quot;",
    f"Got secret: {S}, going on",
    f"token={S})",
    f"--token {S}",
    f"'password', '{S}'",
    f'1732450000.1 [0 127.0.0.1:50000] "AUTH" "loader" "{S}"',
    f"HELLO 3 AUTH loader {S}",
    f"bindpw={S}",
    f"directory_pw: {S}",
    f"set password for 'me'@'%' = '{S}'",
    f"SMTP_PASSWORD_V2={S}",
    f"api_key_v10: {S}",
    f"GET https://api.example.com/weather?q=Oslo&appid={S}1",
    f"db.set_password('{S}')",
    f'.withApiKey("{S}")',
    f"os.getenv('DB_PASSWORD')='{S}'",
    f"cfg.get_secret_value() -> '{S}'",
    f"getattr(self, 'api_key', None) => '{S}'",
    f"the password of the user loader was set to {S}",
    f"Password authentication as loader with {S}",
    f"A senha do banco é {S}",
    f"Token saved: {S}",
    f"(spark.store.password,{S})",
    f"Field 'api_secret' is wrong, its value = '{S}'",
    f'EnvVar("DB_PASSWORD") -> {S}',
    f"Authorization: Acme-Key {S}",
    f"Authorization: Acme auth={S}",
    f"auth=('{S}a', 'X')",
    f"auth=('{S}a', '')",
    f"sensitive_value = '{S}'",
    f"ssh_pass_phrase={S}",
    f"credentials were loader:{S}",
    f"bad credentials (loader:{S})",
    f"Anmeldedaten: loader / {S}",
    f"Password (shown once, keep it): {S}",
    f"la password è {S}",
    f"пароль пользователя: {S}",
    f"密码是 {S}",
    f"パスワード：{S}",
    f"le jeton d'accès : {S}",
    f"{{'username': 'me', 'key': '{S}-{S}'}}",
    f"X-Shop-Hmac-Sha256: {S}{S}{S}",
    f"https://hooks.example.com/incoming/{S}{S}",
    f"https://{S}{S}:x-oauth-basic@git.example.com/a.git",
    f"**Password:** `{S}`",
    f"**Password:** {S}",
    f'a:1:{{s:8:"password";s:11:"{S}";}}',
    f"password [{S}]",
    f"password....: {S}",
    f"password ............ {S}",
    f"DECLARE @pwd NVARCHAR(50) = N'{S}';",
    f"net use \\\\files\\share {S} /user:me",
    f"sudo -S ls <<< '{S}'",
    f"rsync --password-file=<(echo {S}) a b",
    f'send "{S}\\r"',
    f"keyring.set_password('store', 'me', '{S}')",
    f"la contraseña '{S}' es incorrecta",
    f"clave: {S}",
    f"Lösenordet är {S}",
    f"az login --service-principal -u me -p {S}",
    f"ENGINE = MySQL('db:3306', 'main', 'orders', 'loader', '{S}')",
    f"client.username_pw_set('loader', '{S}')",
    f"api_key=('id', '{S}')",
    f"ftplib.FTP('ftp.example.com', 'loader', '{S}')",
    f"find_element(By.ID, 'password').send_keys('{S}')",
    f"password: <%= ENV.fetch('X', '{S}') %>",
    f"password: \"{{{{ env_var('X', '{S}') }}}}\"",
    f"New-Item Env:DB_PASSWORD -Value '{S}'",
    f"openssl enc -aes-256-cbc -k {S} -in a",
    f"session cookie: {S}-{S}",
    f"sig={S.replace('-', '')}{S.replace('-', '') * 4}%3D&se=2026-01-01",
    f"la password del database è {S}",
    f"mc alias set main https://store.example.com loader {S}",
    f"connecting with user loader and password {S}a",
    f"DB_PASSWORD%3D{S}%3BDATABASE%3Dmain",
    "machine x\n  login me\n  password 0c3d1b9a-8a6e-4d2c-b4c4-2b032db4" + S,
]

URIS = [
    f"postgresql://loader:{S}@db.example.com:5432/main",
    f"postgresql+psycopg2://loader:{S}@db.example.com/main?sslmode=require",
    f"snowflake://me:{S}@account/db/schema",
    f"mongodb+srv://me:{S}@cluster.example.com",
    f"redis://:{S}@127.0.0.1:6379/0",
    f"amqp://me:{S}@mq",
    f"https://me:{S}@git.example.com/x.git",
    f"https://index:{S}@packages.example.com/simple",
    f"sftp://me:{S}@host/path",
    f"s3://key:{S}@bucket/path",
    f"clickhouse://me:p@{S}@host:9000/db",
    f"mysql://me:p/{S}@host/db",
    f"mysql://me:p#{S}?@host/db",
    f"'sqlalchemy.url': 'mssql+pyodbc://me:{S}@x/y?driver=ODBC'",
    f"trino://me:{S}@x/y and more text a@b.example.com",
]

UNTOUCHED = [
    "send: b'POST /v1/login HTTP/1.1\\r\\nHost: api.example.com\\r\\n'",
    'BasicAuthentication("Basic", "realm")',
    "Attribute(name='refresh_token', default=NOTHING, validator=None)",
    "FieldInfo(name='api_key', default=PydanticUndefined, extra={})",
    "le mot de passe 'oublié' et la contraseña 'actual'",
    "(token, value) [api_key, secret_key]",
    "password: 'not set'",
    'token: "not found"',
    "secrets: inherit",
    "Enter passphrase for key '/home/x/.ssh/id_rsa':",
    "'pub_key': 'qJWROQP6UfDFTXttTjFPpVSxQq9'",
    "client('s3', 'eu-west-1', 'main')",
    "tests/unit/test_password.py::TestPassword::test_hash[harbor] PASSED",
    "GPG_KEY=E843D99645FBFA2A79D9DF4C553D8CF664287879",
    "keyring.get_password('service1', 'user1')",
    "if isinstance(key, (Ed25519PrivateKey, Ed448PrivateKey)):",
    "client_secret is missing",
    "the access_token is 40 signs long",
    "revoked api_token 4f682d38-b827-4735-ae34-d5d84391e22d",
    "password=$env:DB_PASSWORD",
    "'api_key': Ellipsis",
    "Authorization: none required here",
    "def get_token() -> 'Credentials':",
    "password authentication as loader with scram-sha-256",
    "password=***",
    "password=********",
    "password='***'",
    "postgresql://loader:***@db.example.com/main",
    "postgresql://loader@db.example.com/main",
    "postgresql://loader:$PASSWORD@db/main",
    "postgresql://{user}:{password}@db/main",
    "password=<password>",
    "password: <password>",
    "token=${TOKEN}",
    "token=$TOKEN",
    "api_key={{ secrets.API_KEY }}",
    "password=%(password)s",
    "password=%s",
    "password={password}",
    "password=None",
    "password: None",
    "'password': None",
    "token=null",
    'token: ""',
    "token=''",
    "api_key = true",
    "api_key=[redacted]",
    "SecretStr('**********')",
    'password = get_secret("x")',
    "password=get_secret('x'),",
    '    password = os.environ["DB_PASSWORD"]',
    "    password=os.getenv('DB_PASSWORD'),",
    "    password=credentials.password,",
    "    self.password = password",
    "    token=self.token,",
    "    api_key: str = dlt.secrets.value,",
    '    api_key=dlt.secrets["sources.shop.api_key"],',
    "def connect(user: str, password: str) -> None:",
    "def source(api_key: Optional[str] = None):",
    "def source(api_key: TSecretStrValue = dlt.secrets.value):",
    "    token = token or fetch_token()",
    "    if token is None:",
    "kubectl create configmap app --from-literal=a=x7Kq92mfPz41",
    "ssh-keygen -t ed25519 -C me -f key7x8y9z",
    "unused setting 'token' (value 'str')",
    "field 'api_key' got 'default' from the environment 'prod'",
    "the token was <unk> and is [PAD]",
    '<description name="token"><![CDATA[The token of the user]]></description>',
    "invalid value 'user-name' for flag -token-type: parse error",
    "if not password:",
    "for token in tokens:",
    "token: expired",
    "Password: required",
    'password authentication failed for user "loader"',
    "Invalid token: please sign in again",
    "Token: the one you were given",
    "secret: not found",
    "next_page_token=CAUQAA12345",
    "nextPageToken: CAUQAA12345",
    "continuation_token=abc123def",
    "max_tokens=4096",
    "prompt_tokens: 512, completion_tokens: 128, total_tokens=640",
    "eos_token='</s>'",
    "primary_key=order_id",
    "primary_key: ['order_id', 'line_no']",
    "merge_key='updated_at_123'",
    "sort_key: created_at_2024",
    "key=value1234",
    "public_key=ssh-ed25519",
    "token_type: bearer",
    "PWD=/home/loader/project1",
    "OLDPWD=/home/loader",
    "Author: me <me@example.com>",
    "see https://example.com/reset-password for help",
    "https://example.com:8080/path@2x.png",
    "http://localhost:8400/own/v1@1",
    "git@github.com:org/repo.git",
    "ssh://git@github.com/org/repo.git",
    "https://example.com/a?page=2&code=200&state=done",
    "Basic usage: see the docs",
    "bearer of news",
    "Bearer authentication is required",
    "authorization: <redacted>",
    "Resolved secrets from env: 3 keys",
    "Secret value for key sources.shop.api_key found in secrets.toml",
    "'Authorization': f'Bearer {token}'",
    "headers={'Authorization': f\"Bearer {self.access_token}\"}",
    "cookie: none",
    "assert token == expected_token",
    'access_token = response.json()["access_token"]',
    "KeyError: 'api_key'",
    "ConfigFieldMissingException: Missing fields in configuration: ['password']",
]


@pytest.mark.parametrize("text", [*MASKED, *URIS])
def test_value_beside_a_sensitive_name_is_masked(text: str) -> None:
    out = scrub_text(text)

    assert S not in out
    assert "[masked:" in out


@pytest.mark.parametrize("text", [*MASKED, *URIS])
def test_value_is_masked_inside_a_longer_line(text: str) -> None:
    out = scrub_text(f"2026-01-01 INFO x {text} and the rest")

    assert S not in out
    assert out.startswith("2026-01-01 INFO x ")
    assert out.endswith(" and the rest")


BEHIND_VARIABLES = [
    "webhook_secret is {v}",
    "SLACK_BOT_TOKEN -> {v}",
    "the authToken is '{v}'",
    "[SecretAccessKey] {v}",
    "db_password ({v})",
    "set shared_secret {v}",
]


@pytest.mark.parametrize("text", BEHIND_VARIABLES)
@pytest.mark.parametrize(
    "value", ["4f682d38-b827-4735-ae34-d5d84391e22d", "2917038961", "amberorbit3", "CobaltOrbit27!", "mUaku#!PoT+zbA"]
)
def test_value_behind_the_name_of_a_variable_need_not_look_random(text: str, value: str) -> None:
    assert value not in scrub_text(text.format(v=value))


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_is_no_secret_stays(text: str) -> None:
    assert scrub_text(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"connect(user=me, password={S}, host=x)", "connect(user=me, password=[masked:named-plain], host=x)"),
        (f"Server=x;Pwd={S};Database=y", "Server=x;Pwd=[masked:named-plain];Database=y"),
        (f"x?access_token={S}&c=2", "x?access_token=[masked:named-plain]&c=2"),
        (f'{{"token": "{S}", "n": 1}}', '{"token": "[masked:named-double-quoted]", "n": 1}'),
        (f"Authorization: Bearer {S}", "Authorization: Bearer [masked:authorization-header]"),
        (f"a://u:{S}@h:1/d", "a://u:[masked:uri-password]@h:1/d"),
        (f"Set-Cookie: sid={S}; Path=/", "Set-Cookie: [masked:cookie-header]"),
        (f"trino://me:{S}@x/y a@b.example.com", "trino://me:[masked:uri-password]@x/y a@b.example.com"),
    ],
)
def test_only_the_secret_is_masked(text: str, expected: str) -> None:
    assert scrub_text(text) == expected


# Signs that elsewhere end a value, inside one that no quotes enclose; what follows shows where it really ends.
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("DB_PASSWORD=", " /usr/bin/job"),
        ("{dbPassword=", ", host=x}"),
        ("Config(db_password=", ", port=1)"),
        ("X-Api-Key: ", ""),
        ("> Authorization: Bearer ", ""),
        ("headers: { Authorization: 'Bearer ", "' },"),
        ("| db_password | ", " | x |"),
        ("db_password    ", ""),
        ("db_password -> ", ""),
    ],
)
@pytest.mark.parametrize("sign", [">", "<", "`", "&", ";", ","])
def test_value_goes_on_behind_a_sign_that_borders_others(before: str, after: str, sign: str) -> None:
    value = f"Ab3x7{sign}9Qz~4{sign}mK2p"

    out = scrub_text(before + value + after)

    assert not any(value[place : place + 5] in out for place in range(len(value) - 4)), out
    assert out.startswith(before)
    assert out.endswith(after)


def test_name_in_what_was_no_secret_is_looked_at() -> None:
    value = fake("<h32>")

    assert scrub_text(f"{{credentials: {{db_password: {value}, port: 1}}}}").count(value) == 0


@pytest.mark.parametrize(
    "document",
    [
        f'{{"host": "db", "password": "{S}"}}',
        f'[{{"name": "x", "api_key": "{S}"}}]',
        f'{{\n  "user": "ü",\n  "client_secret": "{S}"\n}}',
        f'{{\r\n"token":"{S}"}}',
        f'{{ "a": "{{\\"access_token\\": \\"{S}\\"}}" }}',
    ],
)
def test_a_document_in_base64_is_masked_for_a_secret_in_it(document: str) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(document.encode()).decode()

        assert scrub_text(f"config {encoded}, next") == "config [masked:named-in-base64], next"


@pytest.mark.parametrize(
    "document",
    [
        '{"next_page_token": "CAUQAA12345678", "page": 3}',
        '{"host": "db", "password": "${DB_PASSWORD}"}',
        '{"primary_key": "id", "token": 12, "table": "orders"}',
        '{"token": "\xff\xfe is no text, and so no document"}',
    ],
)
def test_a_document_in_base64_without_a_secret_stays(document: str) -> None:
    line = f"cursor={base64.b64encode(document.encode('latin-1')).decode()}"

    assert scrub_text(line) == line


@pytest.mark.parametrize(
    "text",
    [
        f"host=db\npassword={S}\nport=5432\n",
        f"  db:\n    DB_PASSWORD: {S}\n",
        f'[sources.crm]\napi_key = "{S}"\n',
        f"user=u&access_token={S}&x=1",
        f'export CRM_TOKEN="{S}"',
    ],
)
def test_settings_in_base64_are_masked_for_a_secret_in_them(text: str) -> None:
    for before in ("", "#", "# "):
        encoded = base64.b64encode((before + text).encode()).decode()

        assert scrub_text(f"config {encoded}, next") == "config [masked:named-in-base64-text], next"


@pytest.mark.parametrize(
    "text", ["token: str\nretries: int\n", "password=${DB_PASSWORD}\n", "the password is wrong", "secret\0=\1binary"]
)
def test_other_texts_in_base64_stay(text: str) -> None:
    line = f"cursor={base64.b64encode(text.encode()).decode()}"

    assert scrub_text(line) == line


_TOLD = ["postgresql://loader:{v}@db.example.com/raw", "machine h login u password {v}", "Authorization: Bearer {v}"]


@pytest.mark.parametrize("text", _TOLD)
def test_addresses_and_headers_in_base64_are_masked(text: str) -> None:
    encoded = base64.b64encode(text.format(v=fake("<a4>7<a9>")).encode()).decode()

    assert scrub_text(f"config {encoded}, next") == "config [masked:named-in-base64-text], next"


@pytest.mark.parametrize(
    "encode",
    [
        bytes.hex,
        lambda data: data.hex().upper(),
        lambda data: data.hex(":"),
        lambda data: data.hex("-").upper(),
        lambda data: str(list(data))[1:-1],
        lambda data: " ".join(map(str, data)),
    ],
)
def test_settings_in_digits_are_masked_for_a_secret_in_them(encode: "Callable[[bytes], str]") -> None:
    secret = encode(f"host=db\npassword={fake('<a4>7<a9>')}\n".encode())
    harmless = encode(b"host=db\nthe password of this one is asked for\n")

    assert scrub_text(f"[{secret}] read").startswith("[[masked:named-in-")
    assert scrub_text(f"[{harmless}] read") == f"[{harmless}] read"
