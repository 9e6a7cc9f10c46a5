from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from planes.tokens.claims import CONTROL_AUDIENCE, Claims, TokenKind, mint, verify
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import PublicKey, SigningKey
from planes.tokens.link_proof import sign_call, verify_call

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = SigningKey.generate()
CLAIMS = Claims(
    kind=TokenKind.DATA_PLANE,
    audience="eu1",
    subject="user-1",
    expires_at=int(NOW.timestamp()) + 600,
    email="ana@orchard.example",
    organization_id="org-1",
    workspace_id="ws-1",
    region="eu1",
    grants=frozenset({"ws:read", "ws:variables-read"}),
    epoch=7,
)


def check(token: str, *, audience: str = "eu1", kind: TokenKind = TokenKind.DATA_PLANE, now: datetime = NOW) -> Claims:
    return verify(token, [KEY.public], audience=audience, kinds=[kind], now=now)


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_every_claim_survives_the_way_there_and_back() -> None:
    claims = check(mint(KEY, CLAIMS, NOW))

    assert replace(claims, token_id="", issued_at=0) == CLAIMS
    assert claims.token_id


@pytest.mark.parametrize(
    ("audience", "kind", "now"),
    [
        ("us1", TokenKind.DATA_PLANE, NOW),
        (CONTROL_AUDIENCE, TokenKind.DATA_PLANE, NOW),
        ("eu1", TokenKind.UPLOAD, NOW),
        ("eu1", TokenKind.SESSION, NOW),
        ("eu1", TokenKind.DATA_PLANE, NOW + timedelta(seconds=600)),
        ("eu1", TokenKind.DATA_PLANE, NOW - timedelta(hours=1)),
    ],
    ids=["other region", "control plane", "upload", "session", "expired", "from the future"],
)
def test_a_token_for_something_else_is_refused(audience: str, kind: TokenKind, now: datetime) -> None:
    token = mint(KEY, CLAIMS, NOW)

    with pytest.raises(InvalidToken):
        check(token, audience=audience, kind=kind, now=now)


def test_clocks_may_differ_by_a_minute_and_a_token_never_lives_longer() -> None:
    token = mint(KEY, CLAIMS, NOW)
    life = timedelta(seconds=CLAIMS.expires_at - int(NOW.timestamp()))

    check(token, now=NOW - timedelta(seconds=60))
    check(token, now=NOW + life - timedelta(seconds=1))
    for skewed in (NOW - timedelta(seconds=61), NOW + life):
        with pytest.raises(InvalidToken):
            check(token, now=skewed)


def test_an_unsigned_token_is_refused() -> None:
    payload = mint(KEY, CLAIMS, NOW).split(".")[1]

    with pytest.raises(InvalidToken):
        check(f"{encoded({'alg': 'none', 'kid': KEY.public.kid})}.{payload}.")


def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused() -> None:
    head = encoded({"alg": "HS256", "kid": KEY.public.kid})
    signed = f"{head}.{mint(KEY, CLAIMS, NOW).split('.')[1]}"
    signature = base64.urlsafe_b64encode(hmac.new(KEY.public.raw, signed.encode(), hashlib.sha256).digest())

    with pytest.raises(InvalidToken):
        check(f"{signed}.{signature.rstrip(b'=').decode()}")


@pytest.mark.parametrize("kid", ["../../etc/passwd", "", None, 7, "0" * 16])
def test_an_unknown_key_id_is_refused(kid: object) -> None:
    _, payload, signature = mint(KEY, CLAIMS, NOW).split(".")

    with pytest.raises(InvalidToken):
        check(f"{encoded({'alg': 'EdDSA', 'kid': kid})}.{payload}.{signature}")


def test_a_token_of_another_key_is_refused() -> None:
    stranger = SigningKey.generate()
    token = jwt.encode(
        jwt.decode(mint(KEY, CLAIMS, NOW), options={"verify_signature": False}),
        stranger.library_key(),
        algorithm="EdDSA",
        headers={"kid": KEY.public.kid},
    )

    with pytest.raises(InvalidToken):
        check(token)


@pytest.mark.parametrize("change", [{"aud": ["eu1"]}, {"aud": ["us1", "eu1"]}, {"aud": []}, {"aud": None}])
def test_a_token_is_for_one_audience(change: dict[str, object]) -> None:
    """Also one that our own key signed: a list would let a token for one region be good in two."""
    with pytest.raises(InvalidToken):
        check(signed_with(change))


@pytest.mark.parametrize("claim", ["aud", "exp", "iat", "jti", "kind", "sub"])
def test_a_token_says_who_it_is_for_and_which_it_is(claim: str) -> None:
    with pytest.raises(InvalidToken):
        check(signed_with({}, without=claim))


def signed_with(change: dict[str, object], *, without: str = "", token: str | None = None) -> str:
    payload = jwt.decode(token or mint(KEY, CLAIMS, NOW), options={"verify_signature": False})
    payload = {name: value for name, value in {**payload, **change}.items() if name != without}
    return jwt.encode(payload, KEY.library_key(), algorithm="EdDSA", headers={"kid": KEY.public.kid})


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "....", "\x00.\x00.\x00", "é.é.é"])
def test_noise_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        check(token)


def test_a_signed_call_is_good_for_exactly_that_call() -> None:
    token = sign_call(KEY, "eu1", "POST", "/link/v1/-poll", b"{}", NOW)

    assert verify_call(token, KEY.public, "POST", "/link/v1/-poll", b"{}", NOW).subject == "eu1"
    for method, path, body in [
        ("PUT", "/link/v1/-poll", b"{}"),
        ("POST", "/link/v1/-enrol", b"{}"),
        ("POST", "/link/v1/-poll", b"{ }"),
    ]:
        with pytest.raises(InvalidToken):
            verify_call(token, KEY.public, method, path, body, NOW)
    with pytest.raises(InvalidToken):
        verify_call(token, KEY.public, "POST", "/link/v1/-poll", b"{}", NOW + timedelta(seconds=61))


@pytest.mark.parametrize("change", [{"exp": int(NOW.timestamp()) + 600}, {"kind": "app"}, {"kind": "session"}])
def test_a_call_lives_a_minute_and_is_no_other_token_of_its_key(change: dict[str, object]) -> None:
    call = ("POST", "/link/v1/-poll", b"{}")
    token = sign_call(KEY, "eu1", *call, NOW)
    assert verify_call(signed_with({}, token=token), KEY.public, *call, NOW).subject == "eu1"

    with pytest.raises(InvalidToken):
        verify_call(signed_with(change, token=token), KEY.public, *call, NOW)


def test_a_key_is_read_back_from_its_text() -> None:
    assert PublicKey.parse(KEY.public.text) == KEY.public
    with pytest.raises(InvalidToken):
        PublicKey.parse("short")
