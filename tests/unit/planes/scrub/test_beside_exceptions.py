"""Secrets that look nearly like the clean text which rules leave alone: masked all the same."""

import pytest

from planes.scrub import scrub_text
from planes.scrub.rules.samples import fake

S = fake("<a12>7B")
MADE = fake("Sommer<d4>x")
WORDS = "The old horse eats many apples."
LETTERS = "xkqzvwpjmrtbnlhgf"

MASKED = [
    (f'curl "https://api.example.com/?token="{S}', S),
    (f'curl "https://api.example.com/?password="{MADE}', MADE),
    (f'"input_token": "{LETTERS}"', LETTERS),
    (f'"pwd": "{WORDS}"', WORDS),
    (f'"secret": "{WORDS}"', WORDS),
    (f'"wachtwoord": "{WORDS}"', WORDS),
    (f"password=a.{LETTERS},user=loader", LETTERS),
    (f"token=s.{LETTERS}hjkl;", LETTERS),
    ("db_password | SommerNacht | LoaderRole", "SommerNacht"),
    (f"setenv DB_PASSWORD ({S}", S),
    (f"ENV DB_PASSWORD ({S}", S),
    ("Your password 482913\\nThanks", "482913"),
    (f'"https://vault.example.com/v1/secret/db-password" "{S}"', S),
    (f'vault "https://vault.example.com/secret/password" {MADE}', MADE),
    ("password: !Wombat(7),Tree", "Wombat"),
    ("4242 4242 4242 4242 12 28 123 94107 1 2 3 4", "4242 4242 4242 4242"),
    ("password=_hunter7.x9", "hunter7"),
    (f"Authorization: https://x.example.com/{S}", S),
]


@pytest.mark.parametrize(("text", "secret"), MASKED, ids=[text for text, _ in MASKED])
def test_a_secret_beside_clean_text_is_masked(text: str, secret: str) -> None:
    assert secret not in scrub_text(text)


def test_a_name_far_before_its_value_is_compared_with_it() -> None:
    # With a pattern for the name, these blanks took a minute.
    blanks = " " * 60_000

    assert scrub_text(f"password{blanks}:= pass_word") == f"password{blanks}:= pass_word"
    assert S not in scrub_text(f"password{blanks}:= {S}")
