"""Lines that programs print and that hold no secret, though they speak of some."""

NEGATIVES = r"""
password=***
password: <your-password>
api_key=changeme
API_KEY=<your-token>
token=${API_TOKEN}
api_key = "${env.API_KEY}"
password: "{{ env_var('DBT_PASSWORD') }}"
password = os.environ["X"]
password=getenv('X')
key = order_id
sort_key=created_at
PRIMARY_KEY=id
CACHE_KEY=orders_2024
partition_key = "updated_at_2024"
idempotency_key=ab12cd34ef56
object_key=raw/2024/01/part-0001.parquet
s3_key: data/part-0001.parquet
foreign_key: customer_id
{"primary_key": ["id"], "merge_key": "updated_at_1"}
INFO  [pid 12] token count 12345 tokens, 30 new
tokens used: 1234567
completion_tokens=12345678
prompt tokens 12345678 total tokens: 23456789
Password authentication failed for user "loader2024"
invalid token at line 12 column 34
Unexpected token '}' in JSON at position 1234
SyntaxError: Unexpected token < in JSON at position 0
KeyError: 'api_key_2024'
secret version projects/1234567/secrets/db/versions/3
Secrets loaded from /run/secrets/db_password_2024.txt
Using key file /home/me/.ssh/id_ed25519
key file: /etc/ssl/private/server.key
private key: /etc/ssl/private/server.key
private_key_path=/home/me/.ssh/id_rsa
ssl_key=/etc/ssl/k1.pem
public_key = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"
pk_live_publishable
auth method: oauth2
auth=True
auth = ("basic", "digest")
pass 1 of 3
passed=12 failed=0 pass=12
tests: pass=120 fail=3 skip=2
passing: 12
token expires at 2026-01-01T12:00:00Z
token_expires_in=3600
token expiry: 1732450000.123456
token type: Bearer
access token expired, refreshing
api key is required
api key not found in secrets.toml
The password is not set
password is required for user2024
password must be at least 12 characters
secret: required
credentials: using default profile
credentials=~/.aws/credentials
credential source: ec2-instance-metadata
connection string: postgresql://loader@host/db
Session: 12 rows
session=Session(id=12)
sessionid: none
sid=ORCL
session started 2026-01-01 12:00:00
cookie consent accepted
key: 83c1f0d9a7be42658f8e
hash key 9f8e7d6c5b4a39281706f5e4d3c2b1a0ffee1122
"etag": "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
content_hash: 9f8e7d6c5b4a39281706f5e4d3c2b1a0ffee1122
version_hash=Kf9+abc123/DEF456ghijklmnop=
_dlt_load_id = 1732450000.123456
_dlt_id=a1B2c3D4e5F6g7
dlt.Schema demo at 140123456789
uuid 3f2b8c1a-1234-4abc-8def-1234567890ab
commit 9f8e7d6c5b4a39281706f5e4d3c2b1a0ffee1122
Author: Me <me2024@example.com>
Downloading token-1.2.3-py3-none-any.whl (12.3 MB)
Installing tokenizers==0.21.1 secretstorage==3.3.3
Collecting keyring==25.7.0
 + python-jose==3.3.0
key_type = "bigint"
token: str = None
def f(token: str, key: bytes = b'') -> None:
    token = self._get_token(user=1)
    secret = base64.b64decode(x)
    for key, value in items.items():
    if token != other_token:
    password = config["password"]
    return Token(kind="access", value=v)
token = tokens[0]
tokens: list[str] = []
SELECT password, token FROM users WHERE id = 'abc123'
CREATE TABLE t (password varchar(255), token text NOT NULL, api_key VARCHAR(64))
| password | varchar(255) | YES |
| token    | text         |
  password   VARCHAR(255)
ALTER TABLE x ADD COLUMN token_2024 VARCHAR
INSERT INTO t (key, value) VALUES ('a1', 'b2')
primary key (id), unique key uq_1 (email)
GET /v1/tokens?limit=100 HTTP/1.1
https://example.com/docs/api-key#section-12345678
https://example.com/password/reset?lang=en
see https://docs.example.com/reference/authentication-token-2024
page_token=CAUQAA12345678
next_cursor=eyJpZCI6MTIzfQ==
{"next_page_token": "CAUQAA12345678"}
Rate limit key user:12345678 exceeded
redis key session:12345:data not found
lookup key 'orders:2024-01-01' missing
cache key orders-2024-01-01-v1
Consumer group key=12345678
max_tokens: 4096
monkey=abc12345
turkey: abc12345
keyboard: us-intl-2024
hotkey=ctrl+shift+k1
author: abc12345
authentication: oauth2
authorized=true
basic auth disabled
Basic information 2024
Digest: sha256:9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0
image digest=sha256:9f8e7d6c5b4a
Signature version 4
signature=inspect.signature(func)
def signature(self) -> Signature: ...
signature_version='s3v4'
response=<Response [200]>
response=200 OK
response='{"rows": 12}'
code=200&state=done
?code=SUCCESS12345
?key=orders_by_customer
mysql -u root -h localhost -P 3306
mysql -p
docker run -p 8080:80 nginx
docker login -u me registry.example.com
ssh -p 2222 me@host
psql -p 5432 -U me
curl -u me https://example.com
tar -a -b file:name
curl -s -o /dev/null -w "%{http_code}" https://x
f"{len(tokens)} (got '{tokens[-1].value}')"
cp -a a:b c
pip install -U pkg:extra
ls -b key=value
host:5432:main ready
2026-01-01 12:00:00 INFO server:5432: accept
127.0.0.1:5432: connection refused
loader:5432:db:ok
key_id=abcdef123456
kid: abcdef123456
client_id=abc123def456
client_id: 1234567890-abcdefg.apps.googleusercontent.com
user=me123456
username: loader2024
tenant_id=3f2b8c1a-1234-4abc-8def-1234567890ab
account_id=123456789012
secret_name=prod/db/main
secret_id: prod/db/main-AbCdEf
secret_arn=arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf
token_url=https://auth.example.com/oauth/token
token endpoint: https://auth.example.com/oauth/token2
password_file=/run/secrets/db2024
password_hash_algorithm=bcrypt
password_policy: strong-2024
password_length=16
api_key_name=prod-2024
token_count=12345678
num_tokens=12345678
key_count: 12345678
has_secret=True
is_token_valid=true
use_password: false
with_credentials: true
access_key_id=
secret_access_key=
password=''
'password': ''
"token": null
password=None, token=None
DATABASE_URL=sqlite:////tmp/x.db
ResolvedValueTrace(key='api_key', value=None, default_value=None)
{"name": "token_count", "value": "12345"}
{"name": "DB_HOST", "value": "db.example.com"}
<input type="text" name="q" value="hello world 1">
<a href="/reset-password/">Forgot?</a>
<password></password>
Some(token)
Token(value)
Files: 3/10 (30%) | Time: 12.3s | Rate: 1.2/s
Normalized data for: - secrets: 12345678 row(s)
- tokens: 12345678 row(s)
tokens  12345678
2026-01-01 12:00:00,123|[INFO]|token_refresh_worker_12|ok
File "/opt/app/token_store_v2.py", line 120, in get_token_v2
   token_store_v2.get(key_1234)
secret santa 2024 list
key performance indicators Q1-2024
token bucket refill=100/s burst=200
password manager 1Password8 detected
secrets manager us-east-1a1 reached
token  abc
Private key loaded: RSA-2048bit
api key created at 2026-01-01T10:11:12
api key v2.10.3 deprecated
service token rotated 12days ago
access key age: 90days
session key exchange: ECDHE-RSA-AES256-GCM-SHA384
token: [masked:github-token]
Token 3/128 processed
keys: a1b2c3d4e5, f6g7h8i9j0
Collected 12 credentials in 1.2s
credentials_2024.json not found
secret/data/prod/db1
Loading secrets from .dlt/secrets.toml [sources.shop1]
dlt.secrets["x1"] missing
tokenizer=cl100k_base
tokenizer: gpt2-medium-355M
secret_scopes=['a1', 'b2']
Cookie Policy 2024-01-01
cookie_jar=<RequestsCookieJar[]>
cookies={}
auth_type=OAUTH2_CLIENT
auth_url: https://login.example.com/v2
basic_auth=False
x-request-id: 9f8e7d6c5b4a3928
x-amz-request-id: 9F8E7D6C5B4A3928
x-amz-id-2: Kf9abc123DEF456ghijklmnop=
X-Amz-Cf-Id: Kf9abc123DEF456ghijklmnop==
X-Cache-Key: /v1/orders/2024
x-goog-hash: crc32c=n03x6A==
Server: nginx/1.25.3
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb3 me@host
DD_VERSION=1.2.3
BUILD_KEY=release
SSH_KEY=/home/ana/.ssh/id
DEPLOY_KEY_FINGERPRINT=SHA256:abcdefghijk123
fingerprint: SHA256:Kf9abc123DEF456ghijklmnop
POSTGRES_PASSWORD_FILE=/run/secrets/pg1
   ⠋ token refresh ━━━━━━━━━━ 30% 0:00:12
password_reset_sent_at=2026-01-01
last_password_change: 2026-01-01T00:00:00
secret_rotation_days: 90days1x
key=lambda x: x[1]
sorted(items, key=itemgetter(1))
max(d, key=d.get)
api_key: TSecretStrValue = dlt.secrets.value
JSON key "customer_id_2" missing
column "token_id_1" does not exist
table secrets_v2 created
Job tokens.a1b2c3d4e5.0.parquet COMPLETED
Job token.83c1f0d9a7.0.insert_values.gz failed
loading secret.83c1f0d9a7.0.parquet
echo $REGISTRY_TOKEN | docker login -u me --password-stdin
field `password` has no value `None`
{"loc": ["body", "password"], "msg": "Field required", "input": null}
**token**: `get_token`
<string name="password_hint">Your password</string>
┌─user─┬─password─┐
tokens: int64
tokens: [[4258,4606,6796,8554,313,...,2967,4074]]
"input_token": "NextToken",
"AddressId": "ADID5643ec50-3eec-4eb3-9be6-9374c10eb51b",
| `service-token` | token | [1Vault: service accounts](https://docs.example.com/) |
ssh://git@host.example.com:9999/Org/Repo.git
arn:aws:devicefarm:us-west-2:123456789101:session:EXAMPLE-GUID-123-456
me@example.com:8080/inbox
tokens = (TokenType.ROW,)
Request id for token /var/lib/kubelet/pods/0b7e5d1c/volumes2
password: Optional[HiddenText] = None
ssl_key_password: _PasswordType | None = None,
client_token: Incomplete
ERROR_NO_SUCH_SECRET: Final = 1786
_Token: TypeAlias = dict[str, Any]
DLT_HINTS_METADATA_KEY = "dlt_resource_hints"
RAW_QUERY_KEY = "x-schemathesis-raw-query"
item.stash[_OUTCOME_KEY] = PytestReportOutcome(Status.SUCCESS)
current = read.password('Current password: ')
def getpass(prompt: str = "Password: ", stream: TextIO | None = None) -> str:
fmt.secho("Secret:", fg="green")
X25519PrivateKey as X25519PrivateKey,
r.headers["Authorization"] = _basic_auth_str(self.username, self.password)
def __init__(self, session: boto3.session.Session) -> None:
Pass :meth:`peek` a default value
postgres://user:pass@localhost:5432/main
'Pod::Simple::PullParserToken'=> '3.16',
Token:              '#d0d0d0',
log.info('token', 'getting list')
5211 5212 5213 5214 5215 5216 5217 5218 5219
+ [[ -z 3f786850e387550fdab836ed7e6dc881de23001b ]]
+ echo release-2026.11
  --api-key TEXT  what the service knows us by
                  (default: 30 seconds)
""".strip("\n").split("\n")
