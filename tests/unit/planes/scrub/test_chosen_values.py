"""Values that a person chose, which do not look random: the shape of the text alone tells them."""

import pytest

from planes.scrub import scrub_text

S = "Garden2014*"

MASKED = [
    f"{{'license_key': ('{S}', None)}}",
    f'license_key: Sensitive(\n    "{S}",\n),',
    f'var apiKey string = "{S}"',
    f"Authorization: GenieKey {S}",
    "Authorization: ApiKey 7d9f3c1e-3f5a-4c77-9a65-2b1d0c8e4f6a",
    f"CREATE PERSISTENT SECRET h (TYPE http, BEARER_TOKEN '{S}')",
    f"│ password │              │                │ '{S}' │",
    f"bad api_key: invalid literal for int() with base 10: '{S}'",
    f"1 error for N\npassword\n  Input should be a string [type=string_type, input_value=['{S}'], input_type=list]",
    f'{{"body": "{{\\"client_secret\\": \\"\\\\u017c{S}\\\\u00e940\\"}}"}}',
    "deepgram_key: '7d9f3c1e-3f5a-4c77-9a65-2b1d0c8e4f6a'",
    f"brazeKey='{S}'",
]
LEFT = [
    "│ password │        │ varchar │",
    "Authorization: ApiKey required-header",
    'token = os.getenv(\n    "API_TOKEN"\n)',
    'tokens = ("select", "from", "where")',
    "password: ('required', None)",
    "CREATE SECRET my_secret (TYPE gcs, PROVIDER credential_chain)",
    "  Field required [type=missing, input_value={'host': 'localhost'}, input_type=dict]",
    '"deepgram_key": {"type": "string"}',
]


@pytest.mark.parametrize("text", MASKED)
def test_value_is_masked(text: str) -> None:
    out = scrub_text(text)

    assert "[masked:" in out
    assert S not in out
    assert "7d9f3c1e" not in out


def test_a_type_of_rust_is_no_value() -> None:
    assert scrub_text(f'let secret: &str = "{S}";') == 'let secret: &str = "[masked:named-double-quoted]";'


@pytest.mark.parametrize("text", LEFT)
def test_what_no_value_is_stays(text: str) -> None:
    assert scrub_text(text) == text
