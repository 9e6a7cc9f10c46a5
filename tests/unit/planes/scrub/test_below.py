# ruff: noqa: E501 - printed tables are as wide as they are
"""Values on other lines than what tells them: found in the shapes programs print, and nothing else goes with them."""

import random
from collections.abc import Iterator

import pytest

from planes.scrub import Registered, ScrubSettings, StreamScrubber, scrub_text
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.below import BELOW_RULES
from planes.scrub.rules.samples import fake

S = "hunter2-Xy9"  # what must go
LONG = fake("<a120>7")

MASKED = {
    "the default of a flag, wrapped": f"  --api-key API_KEY  what the service knows us by (default:\n                     {S})\n  --host HOST\n",
    "the default of a flag, in its text": f"  --secret-access-key SECRET_ACCESS_KEY\n        what to sign with (default: {S})\n  --host HOST\n",
    "a flag of a list, among texts of help": f"    args:\n    - --access-token\n    - {S}\n    env:\n",
    "SQL, a word a line": f"ALTER ROLE loader\nWITH LOGIN\nENCRYPTED PASSWORD\n'{S}'\nVALID UNTIL 'infinity';\nhost\n",
    "SQL, the sign before the text": f"CREATE USER loader\n  PASSWORD\n    = '{S}'\n  DEFAULT_ROLE = X\nhost\n",
    "a complex key of YAML": f"? db_password\n: {S}\n? host\n: db.example.com\n",
    "a complex key of YAML, quoted": f'  ? "api_key"\n  : "{S}"\n  ? host\n  : db.example.com\n',
    "a property joined behind its name": f"db.password \\\n    {S}\nhost = db\n",
    "a property joined before its sign": f"db.password \\\n    = {S}\nhost = db\n",
    "a netrc, quoted": f'machine example.com\n  login me\n  password "{S} {S}"\nmachine x\n',
    "a reply of Redis": f'1) "requirepass"\n2) "{S}"\n3) "port"\n4) "6379"\n',
    "a member of a list of flags": f'"--db-password",\n"{S}",\n"--host"\n',
    "a flag in a list of YAML": f"args:\n- --db-password\n- {S}\n- --host\n",
    "a member described below a ruler": f"Data\n====\ndb_password:\n----\n{S}\n\nhost\n",
    "an assertion": f">       assert db_password == 'changeme'\nE       AssertionError: assert '{S}' == 'changeme'\n\nhost\n",
    "the difference of an assertion": f"    self.assertEqual(api_key, 'x')\nAssertionError: '{S}' != 'x'\n- {S}\n+ x\n\nhost\n",
    "a column of polars": f"Series: 'api_key' [str]\n[\n\t\"{S}\"\n]\nhost\n",
    "a map of protobuf": f'key: "api_key"\nvalue {{\n  string_value: "{S}"\n}}\nhost\n',
    "a member that Terraform adds": f'  + name  = "API_KEY"\n  + value = "{S}"\n  + host\n',
    "a dump of a table": f"CREATE TABLE s(id int, name varchar(9), password text);\nINSERT INTO s VALUES(1,'bob','{S}');\nhost\n",
    "an element that closes below": f"<api_key>{LONG}\n{LONG}</api_key>\nhost\n",
    "rows of a cell": f"| api_key | {LONG} | env |\n|         | 7{LONG} |     |\nhost\n",
    "a variable in quotes that close below": f"+ docker run -e 'API_KEY={LONG}\n{LONG}' x\nhost\n",
    "what lies at a place": f"$ etcdctl get /app/password\n/app/password\n{S}\nhost\n",
    "codes on lines": f"Recovery codes:\n  {S}\n  {S}\n  {S}\n\nhost\n",
    "any command that asks": f"$ terraform output -raw db_password\n{S}\nhost\n",
    "any command that asks, in quotes": f'$ terraform output db_password\n"{S}"\nhost\n',
    "a command that only names it": f"$ jq -r .client_secret login.json\n7{S}\nhost\n",
    "a member in PowerShell": f"PS C:\\loads> $login.GetNetworkCredential().Password\n{S}\nhost\n",
    "a password of many": f"Password for the user (reset with `tool -u x`):\n  {S}\nhost\n",
    "a joined line": f"password=\\\n{S}\nhost\n",
    "a command that prints": f"$ printenv DB_PASSWORD\n{S}\nhost\n",
    "a command of a cloud": f"$ gcloud secrets versions access latest --secret=password\n{S}\nhost\n",
    "a command of a cluster": f"kubectl -n x get secret db -o jsonpath='{{.data.password}}'\n{S}\nhost\n",
    "a document in a shell": f"export DB_PASSWORD=<<'EOF'\n{S}\nEOF\nhost\n",
    "a document of Terraform": f"  api_key = <<-END\n    {S}\n  END\n  host = 1\n",
    "YAML block": f"db:\n  password: |\n    {S}\n  host: db.example.com\n",
    "YAML block, folded": f"password: >-\n  {S}\nhost: db.example.com\n",
    "YAML block of a list": f"- token: |-\n    {S}\n- host: db.example.com\n",
    "YAML block over lines": f"secret: |\n  first {S}\n\n  second {S}\nhost: db.example.com\n",
    "YAML value below": f"password:\n  {S}\nhost: db.example.com\n",
    "YAML list below": f"tokens:\n  - {S}\n  - 7{S}\nhost: db.example.com\n",
    "YAML value member": f"password:\n  value: {S}\nhost: db.example.com\n",
    "Kubernetes env": f"env:\n- name: DB_PASSWORD\n  value: {S}\n- name: HOST\n  value: db.example.com\n",
    "Kubernetes env, quoted": f'env:\n- name: "DB_PASSWORD"\n  value: "{S}"\n- name: HOST\n',
    "Kubernetes env, block": f"- name: API_KEY\n  value: |\n    {S}\n- name: HOST\n",
    "JSON pair": f'{{\n  "name": "API_KEY",\n  "value": "{S}"\n}}\nhost\n',
    "JSON pair with a type": f'  "Name": "/prod/db/password",\n  "Type": "SecureString",\n  "Value": "{S}",\n  "Version": 3\n',
    "JSON member": f'"db_password": {{\n  "sensitive": true,\n  "type": "string",\n  "value": "{S}"\n}}\n',
    "JSON value below": f'"password":\n  "{S}",\n"host": "db"\n',
    "JSON list": f'"tokens": [\n  "{S}",\n  "7{S}"\n],\n"host": "db"\n',
    "TOML lines": f'password = """\n{S}\nmore {S}"""\nhost = "db"\n',
    "TOML lines, begun": f"secret = '''{S}\n{S}\n'''\nhost = 'db'\n",
    "words on lines between three quotes": f"password = '''{S} and more\nthen {S} there\nthe {S}'''\nhost = 'db'\n",
    "Terraform variable": f'variable "db_password" {{\n  type = string\n  default = "{S}"\n}}\n',
    "HCL pair": f'name  = "db_password"\nvalue = "{S}"\nhost = "db"\n',
    "CSV": f"user,password,host\nbob,{S},db\n\nhost\n",
    "CSV, quoted": f'"user";"api_key";"host"\n"bob, the ""builder""";"{S}";"db"\n\nhost\n',
    "TSV": f"user\tpassword\nbob\t{S}\n\nhost\n",
    "markdown": f"| user | password |\n|---|---|\n| bob | {S} |\n\nhost\n",
    "psql": f" user | password \n------+-------------\n bob  | {S}\n(1 row)\n\nhost\n",
    "mysql": f"+------+-------------+\n| user | password    |\n+------+-------------+\n| bob  | {S} |\n+------+-------------+\nhost\n",
    "box": f"┃ user ┃ password    ┃\n┡━━━━━━╇━━━━━━━━━━━━━┩\n│ bob  │ {S} │\n└──────┴─────────────┘\nhost\n",
    "polars": f"│ user ┆ password    │\n│ ---  ┆ ---         │\n│ str  ┆ str         │\n╞══════╪═════════════╡\n│ bob  ┆ {S} │\n",
    "frame": f"  user     password\n0  bob  {S}\n1  eve  7{S}\nhost\n",
    "frame without index": f"user     password\n bob  {S}\nhost\n",
    "kubectl": f"TOKEN         TTL   EXPIRES\n7{S}   23h   2026-01-02\nhost\n",
    "HTML table": f"<tr><th>user</th><th>password</th></tr>\n<tbody>\n<tr><td>bob</td><td>{S}</td></tr>\n</table>\n",
    "HTML cells": f"<td>Password</td>\n<td>{S}</td>\n<td>host</td>\n",
    "XML": f"<password>\n  {S}\n</password>\n<host>db</host>\n",
    "a call of XML-RPC": f"<member>\n<name>password</name>\n<value><string>{S}</string></value>\n</member>\nhost\n",
    "characters of XML below a name": f"<name>api_key</name>\n<value><![CDATA[{S}]]></value>\n<host>db</host>\n",
    "an element below an attribute": f'<property name="db.password">\n  <value>{S}</value>\n</property>\n<host>db</host>\n',
    "HTML cells of code": f"<td><code>api_key</code></td>\n<td><code>7{S}</code></td>\n<td>host</td>\n",
    "HTML cells, a header's": f'<th scope="row">api_key</th>\n<td>7{S}</td>\n<td>host</td>\n',
    "HTML rows over lines": f"<tr>\n<th>id</th>\n<th>api_key</th>\n</tr>\n<tr>\n<th>0</th>\n<td>host</td>\n<td>7{S}</td>\n</tr>\n</table>\n",
    "markdown without outer bars": f"user | password\n--- | ---\nbob | {S}\n\nhost\n",
    "Hadoop": f"<name>fs.s3a.secret.key</name>\n<value>{S}</value>\n<host>db</host>\n",
    "shell": f"tool --password \\\n  {S} \\\n  --host db\n",
    "botocore": "2026-01-02 03:04:05,678 botocore.auth [DEBUG] Signature:\n{h64}\nhost\n",
    "pretty dictionary": f"{{'password': '{S} '\n             '{S} '\n             '{S}',\n 'host': 'db'}}\n",
    "Python in brackets": f'password = (\n    "{S}"\n    "7{S}"\n)\nhost = "db"\n',
    "rich, below": f"│ │      'api_key':      │ │\n│ │      '{S}',     │ │\n│ │ host = 'db'          │ │\n",
    "rich, wrapped": f"│ │ password = 'first {S[:6]} │ │\n│ │            {S}' │ │\n│ │ host = 'db'          │ │\n",
    "wrapped quote": f"password = '{LONG[:60]}\n{LONG[60:]}'\nhost\n",
    "wrapped token": f"2026-01-02 03:04:05 INFO connecting with password={LONG[:60]}\n{LONG[60:]}\nhost\n",
    "rich log": f"[01/02/26] INFO     sent Authorization: Bearer     job.py:21\n                    {S} ok\nhost\n",
    "prompt": f"Your new API token:\n\n{S}\n\nhost\n",
    "SQL, a function among the values": f"INSERT INTO t (id, token, made) VALUES (1, '{S}', now()::date), (nextval('s'), '7{S}'::text, null);\nhost\n",
    "SQL, columns on a line of their own": f"INSERT INTO connections\n  (id, \"password\")\nVALUES\n  (1, '{S}'),\n  (2, '7{S}');\nhost\n",
    "SQL, values on the line of their word": f"INSERT INTO t\n  (id, api_key)\nVALUES (1, '{S}');\nhost\n",
    "HTML rows on one line": f"<table><tr><th>id</th><th>api_key</th></tr><tr><td>1</td><td>7{S}</td></tr><tr><td>2</td><td>host</td></tr></table>\n",
    "TSV behind blanks": f"  id\tapi_key    \thost\n   1\t7{S}\tdb\nhost\n",
    "a check of settings in JSON": f'    "loc": [\n      "body",\n      "password"\n    ],\n    "msg": "no number",\n    "input": "{S}",\n    "host": 1\n',
    "a pair over lines": f"  [\n    'api_key',\n    '7{S}'\n  ],\n  host\n",
    "members of PHP that are not public": f'  ["api_key":protected]=>\n  string(11) "{S}"\n  ["token":"Login":private]=>\n  string(11) "{S}"\nhost\n',
    "container prefix": f"web-1  | password: |\n web-1  | x\nweb-1  | token:\nweb-1  |   {S}\n",
    "colour": f"\x1b[32mpassword\x1b[0m: |\n  \x1b[33m{S}\x1b[0m\nhost\n",
}

UNTOUCHED = {
    "a name, then prose": "Enter password:\nlogged in as bob\n",
    "a name, then a line of a log": "using token:\n2026-01-02 03:04:05 INFO done 3f2a9c1d7b\n",
    "a mapping": "password:\n  data_type: text\n  nullable: true\n",
    "names below": "Missing secrets:\n  SOURCES__SHOP__API_KEY\n  credentials.password\n",
    "names in a list": "secrets:\n  - db_password\n  - api_key\n",
    "a reference": "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db\n",
    "another pair": "- name: DB_PASSWORD\n- name: HOST\n  value: db-7.example.com\n",
    "HTML rows without a secret": "<tr>\n<th>token</th>\n<th>meaning</th>\n</tr>\n<tr>\n<td>IF_EXISTS</td>\n<td>if it is there</td>\n</tr>\n</table>\n<td>hunter2-Xy9</td>\n",
    "an attribute, then no value": '<label for="x" name="password">\n<p>hunter2-Xy9</p>\n<value>hunter2-Xy9</value>\n',
    "a container's log": "user | password\nuser | hunter2-Xy9\n",
    "help": "  --password\n                        the password of the user\n  --token TOKEN\n                        a token\n",
    "commands that print no secret": "$ echo $DB_PASSWORD\n\nhost7a\n$ kubectl get secret db\nNAME\n$ vault list secret\ndb-main7x\n",
    "columns of a schema": "│ column_name │ column_type │\n│ password    │ VARCHAR     │\n│ token       │ VARCHAR     │\n",
    "types below a header": "│ user    │ password │\n│ varchar │ varchar  │\n└─────────┴──────────┘\n",
    "counts": "model,tokens,cost\nlarge,1234,0.25\nsmall,55,0.01\n",
    "service accounts": "NAME      SECRETS   AGE\ndefault   1         3d\nbuilder   0         12h\n",
    "a header alone": "user,password\n\n2026-01-02,loaded7\n",
    "placeholders": "password: |\n  ***\ntoken:\n  <none>\nuser,password\nbob,********\n",
    "a triple quote that closes": 'password = """ """\nrows7 = 1\n',
    "a validation error": "1 validation error for Settings\npassword\n  Field required [type=missing, input_value={}]\n",
    "prose with commas": "host, user, password\nthe rows, 7 of them, are here7x\n",
    "resources that commands name": "$ kubectl get pods -l app=token -o name\npod/token-7d9f6c12-x7k2p\n$ git rev-parse token\n3f2a9c1d7b3f2a9c1d7b\n",
    "prose in a block": "password: |\n  The password that is used to connect to the database.\n  It must have 12 characters7 or more.\n",
    "names in parentheses": "def f(\n    (token, other)\n    (1, 'summer7')\n",
    "names in a list of texts": "  [\n    'api_key',\n    'secret_key'\n  ]\n",
    "a sentence, then a file": "Reading the token file from disk:\n  /home/me/Token1File\n",
    "a sentence, then a name": "The following secrets are missing from the workspace:\n  STRIPE_API_KEY2\nSet passwords for these users:\nloader1\n",
    "a type between bars": "| password |\n| varchar  |\nhunter2-Xy9\n",
    "a commit below": "cached token\ncommit 3f2a9c1d7b3f2a9c1d7b3f2a9c1d7b3f2a9c1d7b\n",
}


def scrubbed(text: str) -> str:
    return scrub_text(text.replace("{h64}", fake("<h64>")))


@pytest.mark.parametrize("name", MASKED)
def test_value_on_another_line_is_masked(name: str) -> None:
    out = scrubbed(MASKED[name])

    assert not [part for part in (S, fake("<h64>"), LONG[:60], LONG[60:]) if part in out], out
    assert out.count("\n") == MASKED[name].count("\n")
    assert "host" in out or "host" not in MASKED[name]


@pytest.mark.parametrize("name", UNTOUCHED)
def test_lines_below_a_name_that_hold_no_value_stay(name: str) -> None:
    assert scrub_text(UNTOUCHED[name]) == UNTOUCHED[name]


def chunks(text: bytes, seed: int) -> Iterator[bytes]:
    source = random.Random(seed)
    place = 0
    while place < len(text):
        size = source.choice((1, 2, 3, 7, 64, 1000))
        yield text[place : place + size]
        place += size


@pytest.mark.parametrize("seed", range(8))
def test_chunks_change_nothing_and_a_second_pass_neither(seed: int) -> None:
    pieces = [*MASKED.values(), *UNTOUCHED.values()]
    random.Random(seed).shuffle(pieces)
    text = "".join(pieces).replace("{h64}", fake("<h64>")).encode()
    whole = scrub_text(text.decode()).encode()
    scrubber = StreamScrubber(Registered.empty())
    given = b"".join(scrubber.feed(chunk) for chunk in chunks(text, seed)) + scrubber.finish()

    assert given == whole
    assert scrub_text(whole.decode()).encode() == whole


def test_the_end_of_a_stream_closes_what_is_open() -> None:
    scrubber = StreamScrubber(Registered.empty())
    scrubber.feed(b"password: |\n")
    scrubber.finish()
    text = f"  {S}\n".encode()

    assert scrubber.feed(text) + scrubber.finish() == text


@pytest.mark.parametrize("before", ["login_password=", "New session token: ", "user=bob&password="])
@pytest.mark.parametrize("behind", ["", "&scope=all", ";"])
def test_a_value_on_lines_of_one_length_goes_whole(before: str, behind: str) -> None:
    """Wherever the first line ended: at the printer's width, or where the screen does."""
    lines = [fake("<a63>7", number) for number in range(3)]
    out = scrub_text(f"{before}{lines[0]}\n{lines[1]}\n{lines[2]}{behind}\nhost\n")

    assert not any(line in out for line in lines)
    assert out.endswith("\nhost\n")


@pytest.mark.parametrize(
    "text",
    [
        "password='''key7x8y9z\nG1h2\n",
        "INSERT INTO t (password)passw=' 7x8y9z:\nINSERT INTO t (password)\nr  passw\n: a1b2cho\n",
    ],
)
def test_what_a_masked_line_opens_is_told_by_its_mark(text: str) -> None:
    once = scrub_text(text)

    assert scrub_text(once) == once


def test_what_a_workspace_allows_stays_below_a_name_too() -> None:
    settings = ScrubSettings(allowed=(S,))
    text = f"password:\n  {S}\nuser,password\nbob,{S}\neve,7{S[1:]}\n"

    assert scrub_text(text, None, settings) == text.replace(f"7{S[1:]}", "[masked:named-column]")


@pytest.mark.parametrize("opening", ["password = '''", "password: |", "password = 'x7yz8abc"])
def test_what_is_never_closed_ends_by_itself(opening: str) -> None:
    indent = "  " if opening.endswith("|") else ""
    lines = [f"{indent}{fake('<a9>', number)}7" for number in range(300)]
    kept = scrub_text("\n".join([opening, *lines]) + "\n").split("\n")[1:-1]

    assert kept[-60:] == lines[-60:]


@pytest.mark.parametrize("rule", BELOW_RULES, ids=lambda rule: rule.name)
def test_rule_finds_its_sample_and_is_counted_once(rule: Rule) -> None:
    scrubber = StreamScrubber(Registered.empty())
    out = scrubber.feed(fake(rule.sample, 1).encode()) + scrubber.finish()

    assert f"[masked:{rule.name}]".encode() in out
    assert scrubber.hits == {rule.name: 1}
