"""What a run is given, and what is registered for scrubbing."""

from __future__ import annotations

import pytest

from planes.data_plane.services.secrets.run_secrets import (
    Credentials,
    RunPlacement,
    names_too_short,
    process_environment,
    secrets_to_register,
    toml_strings,
)
from planes.data_plane.services.secrets.toml_files import TooMuchToml, read_toml
from planes.data_plane.services.secrets.variables import ResolvedVariables

CREDENTIALS = Credentials(
    beacon_url="http://127.0.0.1:1/beacon/abcdefgh", beacon_secret="abcdefgh", token="token-token"
)
PLACEMENT = RunPlacement(
    run_id="run", workspace_id="workspace", organization_id="organization", profile="prod", api_url="http://a",
    dataplane_url="http://d",
)  # fmt: skip


def resolved(**secrets: str) -> ResolvedVariables:
    return ResolvedVariables(environment=secrets, secrets=tuple(secrets.items()), plain={})


def test_every_secret_source_is_registered() -> None:
    files = {
        "secrets.toml": b'[a]\nb = "base-value"\n[[list]]\nc = "listed-value"\n',
        "prod.secrets.toml": b'[destination.x]\npassword = "prod-value"\n',
        "access.secrets.toml": b'd = "other-profile"\n',
        "prod.config.toml": b'e = "not-secret"\n',
    }

    pairs = secrets_to_register(files, "prod", resolved(VARIABLE="variable-value"), CREDENTIALS)

    assert set(pairs) == {
        ("VARIABLE", "variable-value"),
        ("A__B", "base-value"),
        ("LIST__C", "listed-value"),
        ("DESTINATION__X__PASSWORD", "prod-value"),
        ("RUNTIME__DLTHUB_DSN", CREDENTIALS.beacon_url),
        ("RUNTIME__DLTHUB_DSN", CREDENTIALS.beacon_secret),
        ("RUNTIME__AUTH_TOKEN", "token-token"),
    }


def test_quoted_text_of_broken_toml_is_registered() -> None:
    found = {
        value for _, value in toml_strings(b"password = \"half-written'\nother = 'single-quoted'\n= \"third-one\"\n")
    }

    assert {"single-quoted", "third-one"} <= found


def test_secrets_beside_a_number_that_nothing_reads_are_registered() -> None:
    """An older region may have taken such a file: the run is not to fail for it, nor to print what stands there."""
    found = {value for _, value in toml_strings(b"number = " + b"1" * 5_000 + b"\npassword = 'beside-it'\n")}

    assert "beside-it" in found


def test_secrets_that_lie_deeper_than_a_program_can_descend_are_registered() -> None:
    content = b"x = " + (b"{" + b"a." * 60 + b"a = ") * 60 + b"['deep-secret']" + b"}" * 60

    assert [value for _, value in toml_strings(content)] == ["deep-secret"]


@pytest.mark.parametrize(
    "text",
    ["a." * 20_000 + "a = 'x'", "[" + "a . " * 64 + "a]", "x = {" + "'a'.\"b\"." * 32 + "c = 1}", "[[a]]\n" * 40_000],
)
def test_toml_that_would_take_a_region_its_memory_is_not_parsed(text: str) -> None:
    """A key of 32 KB took a gigabyte."""
    with pytest.raises(TooMuchToml):
        read_toml(text)


def test_long_texts_and_keys_of_some_parts_are_read() -> None:
    dots = ".".join(f"w{number}" for number in range(60))

    assert read_toml(f'{dots} = 1\nkey = """{"MIIB/x+y=" * 5_000}"""\n')


def test_words_of_a_connection_that_stand_in_every_log_are_not_registered() -> None:
    """A log that names its destination stays readable; what is particular, and every password, is registered."""
    content = b"""[destination.postgres.credentials]
drivername = "postgresql+psycopg2"
host = "localhost"
database = "postgres"
username = "admin"
password = "postgres"
[destination.other.credentials]
host = "db.orchard.example"
database = "warehouse"
username = "loader"
query = "localhost"
"""

    assert dict(toml_strings(content)) == {
        "DESTINATION__POSTGRES__CREDENTIALS__PASSWORD": "postgres",
        "DESTINATION__OTHER__CREDENTIALS__HOST": "db.orchard.example",
        "DESTINATION__OTHER__CREDENTIALS__DATABASE": "warehouse",
        "DESTINATION__OTHER__CREDENTIALS__USERNAME": "loader",
        "DESTINATION__OTHER__CREDENTIALS__QUERY": "localhost",
    }


def test_short_values_are_named() -> None:
    assert names_too_short([("PIN", "1234"), ("LONG", "12345"), ("PIN", "999")]) == ["PIN"]


def test_variables_never_replace_what_the_platform_sets() -> None:
    variables = {
        "HOME": "/x",
        "RUNTIME__RUN_ID": "x",
        "RUNTIME__DLTHUB_DSN": "x",
        "SEND__ARTIFACTS__A": "x",
        "MINE": "y",
    }

    environment = process_environment(PLACEMENT, variables, CREDENTIALS, "/run/home", "/env/bin")

    assert environment["HOME"] == "/run/home"
    assert environment["RUNTIME__RUN_ID"] == "run"
    assert environment["RUNTIME__DLTHUB_DSN"] == CREDENTIALS.beacon_url
    assert environment["MINE"] == "y"
    assert "SEND__ARTIFACTS__A" not in environment


def test_credentials_show_nothing() -> None:
    assert "abcdefgh" not in repr(CREDENTIALS)
    assert "token-token" not in repr(CREDENTIALS)
