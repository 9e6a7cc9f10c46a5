"""Whose word counts on where a request comes from."""

import pytest

from planes.domain.errors import InvalidRequest
from planes.host.building import trusted_proxies


def test_nobody_is_trusted_who_was_not_named() -> None:
    assert trusted_proxies({}) == ""
    assert trusted_proxies({"DLTHUB_TUI_TRUSTED_PROXIES": "127.0.0.1, 10.1.0.0/16 ::1"}) == (
        "127.0.0.1/32,10.1.0.0/16,::1/128"
    )


@pytest.mark.parametrize("word", ["*", "localhost", "10.1.0.1/16", "127.0.0.1:80"])
def test_what_is_no_address_is_refused_by_its_name(word: str) -> None:
    with pytest.raises(InvalidRequest, match="DLTHUB_TUI_TRUSTED_PROXIES"):
        trusted_proxies({"DLTHUB_TUI_TRUSTED_PROXIES": word})
