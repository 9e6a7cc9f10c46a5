"""Secrets that their place tells: in protocols, lists of logins, manifests, members of plurals."""

import base64

import pytest

from planes.scrub import scrub_text
from planes.scrub.rules.samples import fake

S = fake("<a12>7B<a8>")
T = fake("<a12>7B<a8>", 1)
ENCODED = base64.b64encode(S.encode()).decode()

MASKED = {
    "mail, both words on a line": f"AUTH LOGIN bG9hZGVy {ENCODED}",
    "mail, as http.client shows it": f"send: 'AUTH LOGIN bG9hZGVy {ENCODED}\\r\\n'",
    "mail, without quotes": f"a1 LOGIN loader {S}",
    "SCRAM": f"c=biws,r=rOprNGfwEbeRWgbNEkqO,p={ENCODED}",
    "SNMP, a command": f"snmpwalk -v2c -c {S} switch.example.com",
    "SNMP, a passphrase before another option": f"snmpwalk -v3 -u loader -a SHA -A {S} -x AES switch.example.com",
    "SNMP, settings": f"rocommunity {S} 10.0.0.0/8",
    "SNMP, a table of settings": f"com2sec local localhost {S}",
    "SNMP, a call": f"CommunityData('{S}')",
    "PgBouncer": f'"loader" "{S}"',
    "PgBouncer, hashes": f'"loader" "md5{fake("<h32>")}"',
    "members by name": f'{{"passwords": {{"loader": "{S}", "reader": "{T}"}}}}',
    "members of a list": f"passwords: [{S}, {T}]",
    "members of a list that a member holds": f"secrets: {{system: ['{S}', '{T}']}}",
    "members of a set": f"api_tokens={{'{S}', '{T}'}}",
    "members of a list below, deeper": f"secrets:\n  system:\n    - {S}\n    - {T}\nhost: x",
    "passwords by name, below": "passwords:\n  loader: moonFalcon795\n  reader: Falcon-283$rxyN\nhost: x",
    "cloud-init, lines": f"chpasswd:\n  list: |\n    root:{S}\n    loader:{T}\n  expire: false\nhost: x",
    "cloud-init, items": f"chpasswd:\n  list:\n    - root:{S}\n    - loader:{T}\nhost: x",
    "a document for a command": f"sudo chpasswd <<'EOF'\nroot:{S}\nloader:{T}\nEOF\nhost: x",
    "a manifest whose kind comes first": f'kind: Secret\nstringData:\n  main: {S}\n  other: "{T}"\nmetadata:\n',
    "a resource of a plan": f'  + resource "random_password" "db" {{\n      + result = "{S}"\n    }}',
    "an output of a plan": f'"dsn_part": {{"sensitive": true, "type": "string", "value": "{S}"}}',
    "an output of a state": f'{{"dsn_part":{{"value":"{S}","type":"string","sensitive":true}}}}',
    "a vault": f"vault kv put kv/app user=loader value={S}",
    "a filter of Ansible": f"password: \"{{{{ '{S}' | password_hash('sha512') }}}}\"",
    "a validator, its breaks shown": f"password\\n  Bad value [type=int_type, input_value='{S}', input_type=str]",
    "a validator, its breaks gone": f"1 error for X db.password Bad value [type=int_type, input_value='{S}']",
    "ODBC, a brace in the value": f"Driver={{x}};Pwd={{{S}}}}}{T}}};Server=db",
    "print_r, of a parent": f"[password:protected] => {S}",
    "print_r, of a class": f"[token:Config:private] => {S}",
    "Xdebug": f"public 'password' => string '{S}' (length=12)",
    "PowerShell, bare": f"ConvertTo-SecureString {S} -AsPlainText -Force",
    "PowerShell, piped": f'$pw = "{S}" | ConvertTo-SecureString -AsPlainText -Force',
    "parameters on the line of their statement": f"[SQL: INSERT INTO u (name, password) VALUES (?, ?)] [parameters: ('x', '{S}')]",  # noqa: E501
    "members of a map of Go": f"map[passwords:map[loader:{S} reader:{T}]]",
    "members of a slice of Go": f"{{Passwords:[{S} {T}]}}",
    "members that are objects": f"secrets=[Secret(value={S}), Secret(value={T})]",
    "a resource that a plan changes": f'  ~ resource "random_password" "db" {{\n      ~ result = "{S}" -> "{T}"',
    "mail, the answer to a server that waits": f"AUTH PLAIN\n334\n{ENCODED}\nhost: x",
    "SASL of MongoDB": f'{{saslStart: 1, mechanism: "PLAIN", payload: BinData(0, "{ENCODED}")}}',
    "SNMP, a user of a switch": f"snmp-server user me group v3 auth sha {S} priv aes 128 {T}",
    "SNMP, a trap": f"snmptrapd[1]: 192.0.2.7 [UDP] TRAP, SNMP v1, community {S}",
    "Dovecot, plain": f"loader:{{PLAIN}}{S}:1000:1000",
    "Dovecot, a scheme": "loader:{SHA512-CRYPT}$6$x7ab3Q9z$" + fake("<a86>"),
    "Dovecot, compared": f"sql(loader,192.0.2.7): password({S}) != '{T}'",
    "a pointer of Go": f'token: &"{S}"',
    "a key of a cipher": f"iv=0f1e2d3c4b5a69788796a5b4c3d2e1f0 key={fake('<h32>')}",
    "members with signs of settings": "{'passwords': {'dev': 'D3Falcon=#S-U5qq', 'prod': 'Falcon7;x=Y2(Vj'}}",
    "a column of one, between bars": f"+----+\n| api_key |\n+----+\n| {S} |\n| {T} |\n+----+\nhost: x",
    "a column of one, in a box": f"┌─────────┐\n│ api_key │\n│ varchar │\n├─────────┤\n│ {S} │\n└─────────┘\nhost: x",
    "a sentence above": f"Copy the following enrollment token and paste it:\n\n  {S}\nhost: x",
    "a sentence above, of a key": f"Save this key, it will not be shown again.\n{S}\nhost: x",
    "a column that was not converted": f"could not convert string to float: '{S}' (column api_key)",
    "a change, what it became": f"token changed: {S} -> {T}",
    "a property of Hadoop": "<property><name>db.password</name><value>iFalcon-H.TuO</value></property>",
    "a prompt for a file": "Enter passphrase for key '/home/ana/.ssh/id_rsa': PianoFalcon162_",
    "a passphrase that is used": "Using passphrase PianoFalcon4220! to unlock /keys/id_rsa",
    "SQL, the former password": f"ALTER USER loader IDENTIFIED BY {S} REPLACE {T};",
    "SQLCipher": f"ATTACH DATABASE 'x.db' AS e KEY '{S}';",
    "LDAP, any command that binds": f"check -H ldaps://h:636 -D cn=admin,dc=x -w {S}",
    "SQL, in a text of SQL": f"EXECUTE 'CREATE ROLE loader PASSWORD ''{S}''';",
    "MySQL, a hash below a line": f"authentication_string: *{fake('<h32>').upper()}A1B2C3D4",
    "a variable that got one": f"variable SHOP_API_TOKEN got {S}",
    "a short name in quotes": "SimpleNamespace(pw='3=iFalcon5pTn')",
    "a frame of one column": f"{'password'.rjust(10 + len(S))}\nfirst     {S}\nsecond    {T}",
}


@pytest.mark.parametrize("name", MASKED)
def test_secret_is_masked(name: str) -> None:
    out = scrub_text(MASKED[name] + "\n")

    assert "[masked:" in out
    for left in (S, T, ENCODED, "Falcon", fake("<h32>"), fake("<h32>").upper()):
        assert left not in out
    assert ("host: x" in out) == ("host: x" in MASKED[name])
    assert scrub_text(out) == out


PEM = f"-----BEGIN {{kind}}PRIVATE KEY-----\n{fake('<b64>')}\n{fake('<b64>', 1)}\n-----END {{kind}}PRIVATE KEY-----\n"


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
@pytest.mark.parametrize(("before", "behind"), [("", ""), ("KEY=", " # prod"), ("{'key': '", "'}")])
def test_a_key_in_base64_goes_whole(kind: str, before: str, behind: str) -> None:
    encoded = base64.b64encode(PEM.format(kind=kind).encode()).decode()

    assert scrub_text(f"{before}{encoded}{behind}\n") == f"{before}[masked:private-key-in-base64]{behind}\n"


@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("prefix", ["", "loader-1  | "])
def test_a_key_in_base64_goes_with_its_other_lines_and_no_more(width: int, prefix: str) -> None:
    encoded = base64.b64encode(PEM.format(kind="").encode()).decode()
    rows = [encoded[place : place + width] for place in range(0, len(encoded), width)]
    out = scrub_text("".join(f"{prefix}{row}\n" for row in (*rows, "done")))

    assert out.split("\n")[0] == prefix + "[masked:private-key-in-base64]"
    assert out.endswith(f"{prefix}done\n")
    assert out.count("\n") == len(rows) + 1
    assert not [row for row in rows if row in out]
    assert scrub_text(out) == out


def test_a_certificate_in_base64_stays() -> None:
    encoded = base64.b64encode(PEM.replace("{kind}PRIVATE KEY", "CERTIFICATE").encode()).decode()
    text = "".join(f"{encoded[place : place + 64]}\n" for place in range(0, len(encoded), 64))

    assert scrub_text(text) == text
