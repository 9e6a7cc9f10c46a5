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
    "a frame of one column": f"{'password'.rjust(10 + len(S))}\nfirst     {S}\nsecond    {T}",
}


@pytest.mark.parametrize("name", MASKED)
def test_secret_is_masked(name: str) -> None:
    out = scrub_text(MASKED[name] + "\n")

    assert "[masked:" in out
    for left in (S, T, ENCODED, "Falcon", fake("<h32>")):
        assert left not in out
    assert ("host: x" in out) == ("host: x" in MASKED[name])
    assert scrub_text(out) == out
