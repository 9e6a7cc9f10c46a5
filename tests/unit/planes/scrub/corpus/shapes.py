"""Shapes in which programs print a value: {n} is a sensitive name, {v} the value."""

# Any token of a provider must be found in these, whatever stands around it.
PLAIN = """
{v}
got {v} from the cache
"{v}"
'{v}'
({v})
[{v}]
<{v}>
value={v}
value={v}&next=1
"x": "{v}",
{{"x": "{v}", "y": 1}}
{{'x': '{v}', 'y': 1}}
"{{\\"x\\": \\"{v}\\"}}"
x: {v}
x = "{v}"
export X={v}
+ export X='{v}'
Config(x='{v}', y=1)
X-Header: {v}
Authorization: Bearer {v}
{{'Authorization': 'Bearer {v}'}}
curl -H 'Authorization: Bearer {v}' https://api.example.com
tool --x {v} --verbose
tool --x={v}
['tool', '--x', '{v}']
<x>{v}</x>
| x | {v} |
a,b,{v},c
first line\\n{v}\\nlast line
ValueError: bad value: {v}
│ x = '{v}' │
2026-01-01 12:00:00,123|[INFO]|4711|dlt|x.py|run:12|{v}
""".strip("\n").split("\n")

NAMED = """
{n}={v}
{n}: {v}
  {n}: "{v}"
  {n}: '{v}'
{n} = "{v}"
{n} = '{v}'
{{"{n}": "{v}", "id": 1}}
{{"{n}":"{v}"}}
{{'{n}': '{v}', 'id': 1}}
"{{\\"{n}\\": \\"{v}\\", \\"id\\": 1}}"
Settings(host='x', {n}='{v}', port=1)
Settings({n}=SecretStr('{v}'))
[('{n}', '{v}'), ('host', 'x')]
(b'{n}', b'{v}')
{{'name': '{n}', 'value': '{v}'}}
{{"key": "{n}", "value": "{v}"}}
ResolvedValueTrace(key='{n}', value='{v}', default_value=None)
export {n}="{v}"
+ export {n}={v}
declare -x {n}="{v}"
docker run -e {n}={v} image
environ({{'PATH': '/bin', '{n}': '{v}'}})
https://api.example.com/x?a=1&{n}={v}&b=2
user=me&{n}={v}&x=1
host=db user=me {n}={v} sslmode=require
tool --{n} {v} --verbose
tool --{n}={v}
['tool', '--{n}', '{v}', '--verbose']
<{n}>{v}</{n}>
<property name="{n}" value="{v}"/>
│ │ {n} = '{v}'                          │ │
Config {{ {n}: Some("{v}"), host: "x" }}
{{:{n}=>"{v}", :x=>1}}
  + {n}   = "{v}"
level=info msg="x" {n}="{v}" user=me
config["{n}"] = "{v}"
&quot;{n}&quot;:&quot;{v}&quot;
INFO connecting with {{'host': 'x', '{n}': '{v}'}}
KeyError in {{'{n}': '{v}'}} at line 12
""".strip("\n").split("\n")

NAMES = [
    "password",
    "db_password",
    "DATABASE_PASSWORD",
    "PGPASSWORD",
    "api_key",
    "API_KEY",
    "SOURCES__SHOP__API_KEY",
    "apiKey",
    "client_secret",
    "clientSecret",
    "CLIENT_SECRET",
    "access_token",
    "accessToken",
    "refresh_token",
    "auth_token",
    "secret_key",
    "SECRET_KEY",
    "aws_secret_access_key",
    "secretAccessKey",
    "private_key_passphrase",
    "admin_password",
    "smtp_passwd",
    "x-api-key",
    "webhook_secret",
    "signing_key",
    "encryption_key",
    "session_token",
]

FIXED = """
Authorization: Basic {v}
Proxy-Authorization: Basic {v}
Authorization: Token {v}
Authorization: ApiKey {v}
Cookie: session={v}; theme=dark
Set-Cookie: sid={v}; Path=/; HttpOnly
PRIVATE-TOKEN: {v}
X-Vault-Token: {v}
Ocp-Apim-Subscription-Key: {v}
curl -u me:{v} https://api.example.com
curl -sS -X POST --user 'me:{v}' https://api.example.com
auth=('me', '{v}')
auth=HTTPBasicAuth('me', '{v}')
postgresql://me:{v}@db.example.com:5432/main
mongodb+srv://me:{v}@c.example.com/x
redis://:{v}@127.0.0.1:6379/0
https://oauth2:{v}@git.example.com/a.git
DRIVER={{ODBC Driver 18}};SERVER=x;UID=me;PWD={v};Encrypt=yes
Server=x;Database=y;User Id=me;Password={v};TrustServerCertificate=True
jdbc:sqlserver://x:1433;user=me;password={v};encrypt=true
jdbc:postgresql://x/y?user=me&password={v}
jdbc:oracle:thin:me/{v}@//db.example.com:1521/x
db.example.com:5432:main:loader:{v}
mysql -u me -p{v} -h db
sshpass -p {v} ssh me@host
docker login -u me -p {v} registry.example.com
redis-cli -h x -a {v} ping
CREATE USER me WITH PASSWORD '{v}'
ALTER USER me IDENTIFIED BY '{v}'
CREATE USER me IDENTIFIED WITH sha256_password BY '{v}'
COPY INTO x CREDENTIALS=(AWS_KEY_ID='x' AWS_SECRET_KEY='{v}')
CREATE SECRET (TYPE s3, KEY_ID 'x', SECRET '{v}')
//registry.example.com/:_authToken={v}
machine x.example.com login me password {v}
javax.net.ssl.keyStorePassword={v}
PlainLoginModule required username="me" password="{v}";
ENV API_TOKEN {v}
STRIPE_KEY={v}
the password is {v}
Invalid API key provided: {v}
""".strip("\n").split("\n")
