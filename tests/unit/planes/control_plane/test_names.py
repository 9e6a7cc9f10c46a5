from __future__ import annotations

import pytest

from planes.control_plane.services.names import checked_description, checked_email, checked_name
from planes.domain.errors import InvalidRequest


@pytest.mark.parametrize("text", ["fruit shop", "  Obst & Gemüse ", "果物", "password reset: weekly", "x" * 200])
def test_ordinary_names_pass(text: str) -> None:
    assert checked_name(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    ["", " \t ", "a\nb", "a\u0000", "a\u009bb", "a\u200db", "a\u2066b", "a\ufeffb", "a\U000e0041b", "x" * 201,
     "postgresql://bob:Xk3v9TqLw2Zr@db.example.com/x"],
)  # fmt: skip
def test_refused_names_say_where_and_why_but_not_what(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        checked_name(text, "place")

    assert caught.value.reasons[0].key == "place"
    assert len(text) < 4 or text not in caught.value.reasons[0].message


def test_descriptions_may_have_lines() -> None:
    assert checked_description(" one\r\ntwo \n") == "one\ntwo"
    assert checked_description("  ") is None
    assert checked_description(None) is None
    with pytest.raises(InvalidRequest):
        checked_description("line\n" * 1000)
    with pytest.raises(InvalidRequest):
        checked_description("one\ntwo\u202e")


def test_key_block_over_several_lines_is_no_description() -> None:
    block = f"-----BEGIN PRIVATE KEY-----\n{'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC' * 2}\n-----END PRIVATE KEY-----"

    with pytest.raises(InvalidRequest) as caught:
        checked_description(f"how to connect:\n{block}")

    assert "MIIEv" not in str(caught.value.reasons)


@pytest.mark.parametrize("text", ["Ana@Orchard.Example ", "a@localhost", "a.b+c@d-e.co"])
def test_addresses_are_lower_case(text: str) -> None:
    assert checked_email(text) == text.strip().lower()


@pytest.mark.parametrize("text", ["", "ana", "@x", "a@", "a b@c", "a@b@c", "a\u200b@c", "x" * 250 + "@y.zz", "<a@b>"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        checked_email(text)
