"""What sensitive names mean as often: a column, a test that passed, the next header; all of that stays."""

import pytest

from planes.scrub import scrub_text
from planes.scrub.rules.samples import fake

S = fake("<a12>7B<a8>")

LEFT = [
    "hubspot_key: contact_id",
    "stripe_key = customer_id",
    'mailgun_key: "message_id"',
    "shopify_key: orders.order_id",
    "PASS: gdb.base/break.exp: breakpoint function",
    "PASS: tests/unit/test_load.py",
    "PASS: test_login (0.01s)",
    "--- PASS: TestLogin (0.00s)",
    "Compiler pass: inline-functions",
    "pass: dead-code-elimination took 12ms",
    "last_auth: 2026-11-28T03:00:00Z",
    "daemon:*:18375:0:99999:7:::",
    "passwords: [required, optional]",
    "tokens: {prompt: 1532, completion: 244}",
    "secrets: {name: db-credentials, path: /etc/db}",
    '"orders" "customers"',
    "250 AUTH LOGIN NTLM XOAUTH2",
    "rocommunity public",
    "vault kv put kv/app level=debug",
    "vault write auth/approle/role/loader policies=default",
    "ConvertTo-SecureString: not recognized",
    "port\\n  Input should be a valid integer [type=int_parsing, input_value='abc', input_type=str]",
    "password\\n  Field required [type=missing, input_value={}]\\nport\\n  Bad [type=int_type, input_value='abc1234x']",
    "chpasswd:\n  expire: false\nssh_pwauth: false",
    "secrets:\n  system:\n    - db-credentials\n    - tls-cert",
    "  password\nLogin  incorrect",
    "kind: Secret\nmetadata:\n  name: db-credentials\n  namespace: prod",
    '"-" "curl/8.4.0"',
    "ConvertTo-SecureString requires -AsPlainText",
    "tokens: [load_1764, extract_22, job-2026-11-28]",
    "replace `api_key` with `api_key_v2`",
    "b'PK\\x03\\x04\\x00file1\\x00name22b'",
    '"sensitive": false, "type": "string", "value": "db.example.com"',
]


@pytest.mark.parametrize("text", LEFT)
def test_what_no_secret_is_stays(text: str) -> None:
    assert scrub_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"hubspot_key: {S}",
        f"STRIPE_KEY={S}",
        "pass: purple-falcon-tunnel",
        f"PASS: {S}",
        "user: loader pass: purple-falcon-tunnel",
    ],
)
def test_secrets_beside_such_names_go(text: str) -> None:
    out = scrub_text(text)

    assert "[masked:" in out
    assert S not in out
    assert "purple" not in out


def test_the_next_header_stays() -> None:
    text = f"send: b'POST /t HTTP/1.1\\r\\nX-Api-Key: {S}\\r\\nContent-Type: text/plain\\r\\n\\r\\n'"

    out = scrub_text(text)

    assert S not in out
    assert out.endswith("\\r\\nContent-Type: text/plain\\r\\n\\r\\n'")
