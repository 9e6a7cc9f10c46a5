"""Which forms and parts of values are registered, and which are not."""

import base64
import json
import shlex
import time
import tracemalloc
import urllib.parse

import pytest

from planes.scrub import Registered, scrub_text
from planes.scrub.registered.structured import members
from planes.scrub.rules.samples import fake


def masked(text: str, *values: str) -> str:
    return scrub_text(text, Registered.from_values([("V", value) for value in values]))


def test_values_under_five_characters_are_named_and_not_registered() -> None:
    registered = Registered.from_values([("TINY", "abcd"), ("BLANK", "     "), ("FIVE", "abcde"), ("TINY", "x")])

    assert registered.too_short == ("TINY", "BLANK")
    assert scrub_text("abcd abcde", registered) == "abcd [masked:FIVE]"


@pytest.mark.parametrize(
    "value",
    [
        "\n".join(f"NAME_{number}=value-{number}" for number in range(2_000)),
        json.dumps([f"value-{number}" for number in range(2_000)]),
        json.dumps(["x" * 6_000 + str(number) for number in range(45)]),
    ],
    ids=["dotenv", "json", "long"],
)
def test_more_texts_than_a_machine_should_look_for_do_not_fit(value: str) -> None:
    """Ten thousand took half a gigabyte, and a minute, before the first line of a run."""
    assert Registered.fits([("KEYS", json.dumps({f"key-{number}": f"value-{number}" for number in range(900)}))] * 2)
    assert not Registered.fits([("KEYS", value)])
    assert not Registered.fits((f"KEY_{number}", f"value-{number}") for number in range(2_001))


@pytest.mark.parametrize(
    "value",
    [
        "a" * 60_000 + "!=",
        "a " * 30_000 + "!=",
        "a=" * 30_000,
        "a={ " * 15_000,
        "A=b" + " " * 60_000 + "c",
        "a" * 2**20 + "!=",
    ],
    ids=["word", "words", "nested", "open", "spaces", "long"],
)
def test_members_are_found_in_a_time_that_grows_as_the_text_does(value: str) -> None:
    """Patterns hold the interpreter while they look: for minutes of a square, nothing else of the region goes on."""
    began = time.process_time()
    found = list(members(value))

    assert len(found) < 10
    assert time.process_time() - began < 10


def test_members_are_found_some_levels_deep() -> None:
    address = "postgres://reader:gate-7-7-1@host/db?options=x"
    text = json.dumps({"outer": json.dumps({"dsn": f"Server=tcp:host;Password='{address}';Encrypt=yes"})})

    assert {address, "gate-7-7-1"} <= set(members(text))


def test_empty_masks_nothing() -> None:
    assert not Registered.empty()
    assert scrub_text("anything", Registered.empty()) == "anything"


def test_repr_shows_no_value() -> None:
    assert "abcde" not in repr(Registered.from_values([("V", "abcdefgh")]))


VALUE = "p@ss/w:rd \"x\" \\ é 'q' <&> $1"


@pytest.mark.parametrize(
    "shown",
    [
        VALUE,
        json.dumps(VALUE),
        json.dumps({"a": {"b": VALUE}}, ensure_ascii=False),
        json.dumps(json.dumps({"b": VALUE})),
        repr(VALUE),
        repr({"k": [VALUE]}),
        repr(VALUE.encode()),
        ascii(VALUE),
        repr(repr(VALUE)),
        shlex.quote(VALUE),
        urllib.parse.quote(VALUE),
        urllib.parse.quote(VALUE, safe=""),
        urllib.parse.quote_plus(VALUE),
        urllib.parse.quote(VALUE, safe="").lower().replace("p%40ss%2fw", "p%40ss%2fw"),
        urllib.parse.urlencode({"a": VALUE}),
        urllib.parse.quote(urllib.parse.quote(VALUE, safe=""), safe=""),
        VALUE.replace("'", "''"),
        VALUE.encode().hex(),
        VALUE.encode().hex().upper(),
        VALUE.encode().hex(":"),
        base64.b64encode(VALUE.encode()).decode(),
        base64.urlsafe_b64encode(VALUE.encode()).decode(),
        base64.b64encode(("u:" + VALUE).encode()).decode(),
        base64.b64encode(("us:" + VALUE).encode()).decode(),
        base64.b64encode(("usr:" + VALUE + "@host").encode()).decode(),
        base64.b64encode((VALUE + "\n").encode()).decode(),
        base64.b64encode(VALUE.encode("utf-16-le")).decode(),
        base64.b32encode(VALUE.encode()).decode(),
        base64.b32encode(("abc" + VALUE + "z").encode()).decode(),
        VALUE.encode("unicode_escape").decode(),
        "".join(f"\\u{ord(character):04x}" for character in VALUE),
        VALUE.replace("`", "``").replace('"', '`"').replace("$", "`$"),
        VALUE.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#39;"),
        VALUE.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#x27;"),
    ],
)
def test_value_is_found_in_the_form_a_program_prints(shown: str) -> None:
    out = masked(f"[{shown}]", VALUE)

    assert "[masked:V]" in out
    assert len(out.replace("[masked:V]", "")) <= 2 + 40


def test_members_of_a_document_are_found_alone() -> None:
    value = json.dumps(
        {"type": "service_account", "user": "svc-loader", "nested": [{"private_key": "AbC-dEf-123"}], "port": 5432}
    )

    assert (
        masked("x AbC-dEf-123 svc-loader service_account 5432", value) == "x [masked:V] [masked:V] service_account 5432"
    )


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_rest_of_a_value_behind_its_quote_is_found_alone(quote: str) -> None:
    """libpq takes a quote in a password for its end, and shows the rest as the name of the next setting."""
    first, rest = fake("<a6>"), fake("<a4>7<a6>")

    assert masked(f'missing "=" after "{rest}\'" in connection info', f"{first}{quote}{rest}") == (
        'missing "=" after "[masked:V]\'" in connection info'
    )
    harmless = "it was the production database"
    assert masked(harmless, f"it{quote}s the production database") == harmless


def test_members_of_a_dotenv_value_are_found_alone() -> None:
    value = "# comment\nexport HOST=localhost\nDB_PASSWORD='s3cr3t-one'\nAPI=s3cr3t-two\n"

    assert masked("s3cr3t-one, s3cr3t-two at localhost", value) == "[masked:V], [masked:V] at localhost"


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("postgresql://loader:p%40ssw0rd@db/main", "p%40ssw0rd"),
        ("postgresql://loader:p%40ssw0rd@db/main", "p@ssw0rd"),
        ("https://x.example.com/a?sig=abc123def456&b=1", "abc123def456"),
        ("host=db user=me password=s3cr3t-pw dbname=x", "s3cr3t-pw"),
        ("Server=x;Uid=me;Pwd={s3cr3t;pw};", "s3cr3t;pw"),
        (
            "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=QUJDREVGR0g9PQ==;EndpointSuffix=core",
            "QUJDREVGR0g9PQ==",
        ),
        ('{"dsn": "mysql://me:in-the-dsn@db/x"}', "in-the-dsn"),
    ],
)
def test_password_of_an_address_or_connection_string_is_found_alone(value: str, secret: str) -> None:
    assert masked(f"error near '{secret}' in statement", value) == "error near '[masked:V]' in statement"


def test_pretty_printed_document_does_not_mask_braces() -> None:
    value = json.dumps({"a": "some-secret-1", "b": {"c": "other-secret-2"}}, indent=2)
    text = '{\n  "rows": 3,\n  "b": {\n  }\n}'

    assert masked(text, value) == text
    assert "some-secret-1" not in masked(value, value)


def test_lines_of_a_value_are_found_alone_if_long_enough() -> None:
    value = "begin\nthis-line-is-long-enough-1\nshort\nthis-line-is-long-enough-2\nend"

    assert masked("x this-line-is-long-enough-2 short begin", value) == "x [masked:V] short begin"


def test_value_is_found_when_its_lines_are_joined() -> None:
    value = "first line\nsecond line\nthird line"

    assert masked("+ echo first line second line third line", value) == "+ echo [masked:V]"


def test_short_value_is_not_found_across_blanks() -> None:
    assert masked("ab cde", "abcde") == "ab cde"
    assert masked("abc\nde", "abcde") == "abc\nde"


def test_first_name_wins_for_equal_values() -> None:
    registered = Registered.from_values([("FIRST", "same-value"), ("SECOND", "same-value")])

    assert scrub_text("same-value", registered) == "[masked:FIRST]"


def test_very_long_value_takes_little_memory() -> None:
    value = "".join(chr(33 + (number * 7919) % 90) for number in range(60_000))
    tracemalloc.start()
    registered = Registered.from_values([("V", value)])
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 3_000_000
    assert "[masked:V]" in scrub_text(base64.b64encode(f"xy{value}".encode()).decode(), registered)


def test_many_values_take_little_memory() -> None:
    Registered.from_values([("V", "a-value-abcdef")])  # what is made once
    tracemalloc.start()
    registered = Registered.from_values([(f"V{number}", f"value-{number}-abcdef") for number in range(50)])
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 700_000
    assert scrub_text("it is value-7-abcdef.", registered) == "it is [masked:V7]."


def test_very_long_value_is_found() -> None:
    value = "".join(chr(33 + (number * 7919) % 90) for number in range(50_000))

    out = masked(f"x {value} y", value)

    assert out.startswith("x [masked:V]")
    assert out.endswith(" y")
    assert len(out) < 200


def test_a_name_neither_ends_its_mask_nor_its_line() -> None:
    registered = Registered.from_values([("A]\n\x1b[2JB\u2028", "correct-horse-battery")])

    assert scrub_text("it is correct-horse-battery.", registered) == "it is [masked:A___[2JB_]."
