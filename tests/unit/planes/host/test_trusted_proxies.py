"""Whose word counts on where a request comes from."""

from pathlib import Path

import pytest

from planes.domain.errors import InvalidRequest
from planes.host.building import PlatformOptions, is_proxy_unnamed, trusted_proxies
from planes.host.home import Home


def test_nobody_is_trusted_who_was_not_named() -> None:
    assert trusted_proxies({}) == ""
    assert trusted_proxies({"DLTHUB_TUI_TRUSTED_PROXIES": "127.0.0.1, 10.1.0.0/16 ::1"}) == (
        "127.0.0.1/32,10.1.0.0/16,::1/128"
    )


@pytest.mark.parametrize("word", ["*", "localhost", "10.1.0.1/16", "127.0.0.1:80"])
def test_what_is_no_address_is_refused_by_its_name(word: str) -> None:
    with pytest.raises(InvalidRequest, match="DLTHUB_TUI_TRUSTED_PROXIES"):
        trusted_proxies({"DLTHUB_TUI_TRUSTED_PROXIES": word})


@pytest.mark.parametrize(
    ("url", "named", "is_unnamed"),
    [
        ("https://planes.example", "", True),
        ("https://planes.example", "10.1.0.0/16", False),
        ("http://planes.example", "", False),
        (None, "", False),
    ],
)
def test_a_proxy_that_ends_tls_is_missed_where_none_is_named(
    tmp_path: Path, url: str | None, named: str, *, is_unnamed: bool
) -> None:
    environment = {"DLTHUB_TUI_TRUSTED_PROXIES": named}
    options = PlatformOptions(home=Home(tmp_path / "home"), version="1", public_url=url, environment=environment)

    assert is_proxy_unnamed(options) is is_unnamed
