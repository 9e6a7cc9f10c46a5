"""Values behind names in `-key` that no vocabulary holds: of any provider, in any shape."""

import pytest

from planes.scrub import scrub_lines
from planes.scrub.rules.samples import fake


@pytest.mark.parametrize(
    "line",
    [
        "<td>ACME_KEY</td><td>VALUE</td>",
        '{"config":{"acmeKey":"VALUE","region":"eu"}}',
        "ENV ACME_KEY VALUE",
        "run --acme-key VALUE --rows 10",
        '{"Name":"/prod/acme_key","Type":"SecureString","Value":"VALUE"}',
        "     -> app.acme_key: Str(VALUE)",
        "| ACME_KEY | VALUE |",
    ],
)
def test_a_made_value_is_masked_behind_any_key(line: str) -> None:
    value = fake("<a12>7Bq3<a16>", 5)
    assert value not in next(iter(scrub_lines([line.replace("VALUE", value)], [])))


@pytest.mark.parametrize(
    "line",
    [
        "primary_key    Xk3v9QmT2bW8nR5pL7dY4sH",
        '{"rowKey": "Xk3v9QmT2bW8nR5pL7dY4sH"}',
        '{"customer_key": "9e107d9d372bb6826bd81d3542a419d6"}',
        "<td>order_key</td><td>9e107d9d372bb6826bd81d3542a419d6</td>",
        "publicKey: Xk3v9QmT2bW8nR5pL7dY4sH",
        f"publishable key {fake('pk_live_<a10>7B<a12>', 1)}",
        "merge_key    created_at_of_the_row_of_table_17",
    ],
)
def test_what_is_no_secret_stays_behind_a_key_of_tables(line: str) -> None:
    assert next(iter(scrub_lines([line], []))) == line
