# ruff: noqa: E501 - lines of logs are as long as they are
"""Values in front of their name, in remarks, in messages of protocols, in calls, alone on lines below."""

import base64

import pytest

from planes.scrub import scrub_text
from planes.scrub.rules.samples import fake

S = fake("<a12>7B<a8>")
WORD = "moonfalcon3917"
LETTERS = "quidrakalomi"
CODE = fake("<d6>")

MASKED = {
    "an arrow back to the name": f"{S}  <- password",
    "the name in parentheses": f"decrypted: {S} (password)",
    "the name in a remark": f'  "{S}", // $apiKey',
    "a text that equals its name": f"'{S}' = password",
    "a sentence that ends with the name": f"{WORD} is not a valid password",
    "a remark behind the name": f"console.log(token) // {S}",
    "a call that checks one": f"verify_password('{LETTERS}', hashed)",
    "a library of hashes": f"bcrypt.checkpw(b'{LETTERS}', b'$2b$12$x')",
    "a call that asks for one": f"getpass() -> '{S}'",
    "a call that fetches one by its place": f"get_secret('db/main') -> '{S}'",
    "Redis, its protocol shown": f"sending b'*2\\r\\n$4\\r\\nAUTH\\r\\n$12\\r\\n{LETTERS}\\r\\n'",
    "Redis, with a user": f"b'*3\\r\\n$4\\r\\nAUTH\\r\\n$6\\r\\nloader\\r\\n$22\\r\\n{S}\\r\\n'",
    "Redis, its protocol on lines": f"*2\n$4\nAUTH\n$12\n{LETTERS}\n*1",
    "SASL, PLAIN": f"AMQP PLAIN response: '\\x00guest\\x00{LETTERS}'",
    "the protocol of PostgreSQL": f"F: PasswordMessage(b'{LETTERS}')",
    "LDAP": f"BindRequest: version=3 name='cn=admin' authentication=simple('{LETTERS}')",
    "IMAP": f"a001 LOGIN bob {LETTERS}",
    "Oracle, a call": f'cx_Oracle.connect("scott/{LETTERS}@orcl")',
    "Oracle, a descriptor": f"Invalid connect string: scott/{LETTERS}@(DESCRIPTION=(ADDRESS=(HOST=h)))",
    "arguments of curl": f"CompletedProcess(args=['curl', '-u', 'bob:{LETTERS}'], returncode=0)",
    "Sequelize": f"new Sequelize('shop', 'app', '{LETTERS}', {{ dialect: 'postgres' }})",
    "PDO": f"PDO::__construct('mysql:host=db;dbname=shop', 'app', '{LETTERS}')",
    "JDBC by a list": f'jaydebeapi.connect("org.h2.Driver", "jdbc:h2:mem:x", ["sa", "{WORD}"])',
    "a user made": f"User.objects.create_user('bob', 'bob@example.com', '{LETTERS}')",
    "a client of one key": f"SendGridAPIClient('{S}')",
    "a code for one use": f"Your verification code is {CODE}",
    "a code for one use, as a member": f'{{"otp": "{CODE}"}}',
    "a bearer by its name": f"Bearer: {S}",
    "a login on a line": f"login: admin / {WORD}",
    "HTML, an option": f'<option value="{S}">api key</option>',
    "HTML, a sentence": f"<p>Your password is <b>{LETTERS}</b></p>",
    "HTML, a variable of PHP": f"<td>$_SERVER['DB_PASSWORD']</td><td class=\"v\">{S}</td>",
    "FTP": f"dispatching CMD command 'PASS {LETTERS}' to mod_auth",
    "a pair with short names": f'[{{"k":"password","v":"{LETTERS}"}}]',
    "a validator's path": f'{{"path":["password"],"received":"{LETTERS}","code":"invalid"}}',
    "a validator's pointer": f'{{"instancePath":"/password","params":{{}},"data":"{LETTERS}"}}',
    "a sign of full width": f"password：{LETTERS}",
    "an arrow of two bars": f"password ==> {S}",
    "an ellipsis as leader": f"password……{S}",
    "dots that lead to a word": f"password...............{LETTERS}",
    "Markdown": f"*password*: `{LETTERS}`",
    "Markdown, a word with a number": f"**API Key:** {WORD}",
    "a variable in braces": f"${{DB_PASSWORD}} = {S}",
    "a variable of Windows": f"%DB_PASSWORD% = {S}",
    "Erlang": f'{{api_key,"{LETTERS}"}}',
    "a key of letters for a cipher": f"Fernet(b'{'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ'}=')",
    "a login of letters": f"credentials = ('bob', '{LETTERS}')",
    "a list that goes on": f'api_keys = ["{S}",\n            "{LETTERS}"]',
    "a list of YAML, a word behind a key": f"secrets:\n  - {S}\n  - {WORD}\nhost: x",
    "an argument of a container": f"Args:\n      --password\n      {LETTERS}\n      --port",
    "a remark above": f"# password\n{S}\nhost: x",
    "a header above, deeper": f"x-api-key\n    {S}\nhost: x",
    "a store of keys": f"$ consul kv get app/db/password\n{LETTERS}\n",
    "a store that repeats the name": f"$ etcdctl get /app/password\n/app/password\n{LETTERS}\n",
    "an interpreter of Ruby": f'irb> password\n=> "{LETTERS}"\n',
    "another interpreter of Ruby": f"[1] pry(main)> ENV['TOKEN']\n=> \"{LETTERS}\"\n",
    "a debugger of C": f'(lldb) po password\n"{LETTERS}"\n',
    "dbg of Rust": f'[src/main.rs:9:5] std::env::var("API_TOKEN") = Ok(\n    "{WORD}",\n)\n',
    "a document of PowerShell": f'$env:TOKEN = @"\n{LETTERS}\n"@\nhost: x',
}

UNTOUCHED = {
    "a call with a name": "            data = base64.urlsafe_b64decode(token)\n    MLKEM768PrivateKey.register(secret_key)",
    "an assignment": "x25519key1 = private_token\nsha256hash = password",
    "a remark for a tool": "def login(password):  # noqa:S105\n    send(token)  # RFC6749",
    "a release in front": "python3.12 (token)\nRFC6749 (token)\nversion 1.2.3 # token",
    "a word that is no token": "column12 is not a valid token\nthe order is a secret",
    "prose of codes": "verification code: ok\nthe security code is shown below\nexit code: 4001\nOTP 26.2.1",
    "cookies with numbers": '[sqlite-"\\\\001\\\\002aaaaaaaaaaaaaaaaaaaaaaaaaaaa"]',
    "zeros between words": "b'\\x00ab\\x00cd\\x00ef'",
    "a user and a group of docker": "['docker', 'run', '-u', '1000:1000', 'https://x.example.com/y']",
    "images": "connect to library/postgres@sha256 and me/app@v4",
    "AUTH on a line, prose below": "AUTH\n\nthe client signs in\n$4\nAUTH\nnothing\n",
    "help": "  --password\n                        the password of the user\n  --token\n      string\n",
    "flags": "Args:\n      --token\n      --port\n      8080\n",
    "headings": "# Token\ndocumentation\n# password\nSee the page of secrets.\n",
    "lists of names": "keys = [\n  'api_key',\n  'warehouse',\n]\nsecrets:\n  - db-main\n  - db-other\n",
    "dots of progress": "Checking token........done\nRefreshing access token......completed",
    "a call of PowerShell": 'Set-Item -Name token -Value $x @"',
    "clients without a key": "boto3.client('s3')\nMongoClient('mongodb')\nclient('projects/main/locations/eu')",
    "two words": "credentials = ('username', 'password')",
}


@pytest.mark.parametrize("name", MASKED)
def test_value_told_by_its_place_is_masked(name: str) -> None:
    text = MASKED[name]
    out = scrub_text(text)

    assert not [value for value in (S, WORD, LETTERS, CODE, "ghijklmnop") if value in out], out
    assert out.count("\n") == text.count("\n")


@pytest.mark.parametrize("name", UNTOUCHED)
def test_what_only_looks_so_stays(name: str) -> None:
    assert scrub_text(UNTOUCHED[name]) == UNTOUCHED[name]


def test_nothing_else_of_the_line_goes() -> None:
    assert scrub_text(f"decrypted: {S} (password)") == "decrypted: [masked:value-in-front] (password)"
    assert scrub_text(f"a001 LOGIN bob {LETTERS}") == "a001 LOGIN bob [masked:mail-login-bare]"
    encoded = base64.b64encode(b"loader").decode()
    assert scrub_text(f"state: '\\x00{encoded}' and '\\x00b'") == f"state: '\\x00{encoded}' and '\\x00b'"
