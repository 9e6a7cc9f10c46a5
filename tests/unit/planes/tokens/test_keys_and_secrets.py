from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from planes.tokens.errors import InvalidToken
from planes.tokens.keys import SigningKey
from planes.tokens.opaque import derive_secret, hash_secret, new_secret, new_user_code
from planes.tokens.passwords import hash_password, password_matches


def test_a_key_file_is_private_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.key"

    first = SigningKey.load_or_create(path)
    second = SigningKey.load_or_create(path)

    assert first.public == second.public
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["signing.key"]


def test_a_broken_key_file_is_named_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    path.write_text("not a key")

    with pytest.raises(InvalidToken, match=r"signing\.key"):
        SigningKey.load_or_create(path)
    assert path.read_text() == "not a key"


def test_a_derived_secret_is_the_same_for_every_racing_caller() -> None:
    assert derive_secret(b"key", "refresh", "a") == derive_secret(b"key", "refresh", "a")
    assert len({derive_secret(key, purpose, "a") for key in (b"k", b"l") for purpose in ("p", "q")}) == 4


def test_secrets_carry_their_prefix_and_differ() -> None:
    assert new_secret("dlt_u_").startswith("dlt_u_")
    assert re.fullmatch(r"[0-9a-z]{64}", new_secret()), "fit for a command line, whatever it begins with"
    assert new_secret() != new_secret()
    assert len(hash_secret("x")) == 64


def test_a_user_code_has_no_letters_that_people_confuse() -> None:
    codes = "".join(new_user_code() for _ in range(200))

    assert not set(codes) & set("AEIOU01")
    assert len(new_user_code()) == 9


def test_a_password_matches_only_itself_and_never_an_account_without_one() -> None:
    stored = hash_password("correct horse battery")

    assert password_matches(stored, "correct horse battery")
    assert not password_matches(stored, "correct horse")
    assert not password_matches(None, "nobody has this password")
