from __future__ import annotations

import pytest

from planes.data_plane.api.gateway.headers import COOKIE, cookie_name, find_cookie, from_app, to_app

ORIGIN = "http://r-1.localhost:8402"


@pytest.mark.parametrize("name", [COOKIE, f"__Host-{COOKIE}"])
def test_our_cookie_passes_in_neither_direction(name: str) -> None:
    ours, theirs = f"{name}=x; Path=/; Domain=localhost".encode(), b"theme=dark; DOMAIN = localhost; Path=/"
    asked = to_app([(b"cookie", f"a=1; {name}=x".encode()), (b"cookie", f" {name} =y;b=2".encode())], ORIGIN, 8000)
    answered = from_app([(b"Set-Cookie", ours), (b"set-cookie", theirs)], ORIGIN, 8000)

    assert [value for key, value in asked if key == b"cookie"] == [b"a=1; b=2"]
    assert [value for key, value in answered if key == b"set-cookie"] == [b"theme=dark; Path=/"]


@pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization", "Forwarded", "X-Forwarded-For", "X-Real-IP"])
def test_an_app_hears_no_credential_and_nothing_of_where_a_browser_is(name: str) -> None:
    assert to_app([(name.lower().encode(), b"x")], ORIGIN, 8000) == [(b"host", b"localhost:8000")]


def test_every_answer_of_an_app_is_bound_to_its_own_origin() -> None:
    loose = [
        (b"content-type", b"text/html"), (b"content-security-policy", b"default-src *"), (b"connection", b"x-hop"),
        (b"x-hop", b"1"),
    ]  # fmt: skip
    answered = from_app(loose, ORIGIN, 8000)

    policies = [value.decode() for key, value in answered if key == b"content-security-policy"]
    assert (b"content-type", b"text/html") in answered
    assert b"x-hop" not in dict(answered)
    assert policies[0] == "default-src *", "of two policies a browser keeps both"
    for part in ("default-src", f"connect-src 'self' ws{ORIGIN[4:]}", "form-action", "frame-ancestors"):
        assert part + (" " if "ws" in part else " 'self'") in policies[1]
    assert dict(answered)[b"cross-origin-resource-policy"] == b"same-origin"
    assert dict(answered)[b"referrer-policy"] == b"same-origin"
    assert dict(answered)[b"x-content-type-options"] == b"nosniff"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"http://localhost:8000/a?b#c", b"/a?b#c"), (b"http://127.0.0.1:8000", b"/"), (b"/there", b"/there"),
        (b"http://localhost:8001/", b"http://localhost:8001/"), (b"https://x.example/", b"https://x.example/"),
        (b"http://[::1", b"http://[::1"), (b"http://localhost:x/", b"http://localhost:x/"),
    ],
)  # fmt: skip
def test_an_address_of_the_app_itself_becomes_a_path(given: bytes, told: bytes) -> None:
    assert dict(from_app([(b"location", given)], ORIGIN, 8000))[b"location"] == told


def test_over_tls_no_other_name_of_the_domain_can_set_the_cookie() -> None:
    assert cookie_name(is_secure=True).startswith("__Host-")
    assert find_cookie([(b"cookie", f"{COOKIE}=other".encode())], cookie_name(is_secure=True)) is None
