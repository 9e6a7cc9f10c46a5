"""Which headers pass between a browser and an app, and as what (RFC 9110, 7.6.1; Security: 11).

Hop-by-hop headers, our cookie and every Authorization stay here. The app hears the host and origin that it was started
on: Streamlit refuses WebSockets of any other. What it answers may name that address; the browser gets its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

Raw = list[tuple[bytes, bytes]]

COOKIE = "dlthub_tui_app"
_HOP_BY_HOP = frozenset({
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
    b"trailer", b"transfer-encoding", b"upgrade",
})  # fmt: skip
_OURS = frozenset({
    b"authorization", b"cookie", b"host", b"origin", b"referer", b"forwarded", b"x-forwarded-for", b"x-forwarded-host",
    b"x-forwarded-proto", b"x-real-ip",
})  # fmt: skip
_DOMAIN = re.compile(rb";\s*domain\s*=[^;]*", re.IGNORECASE)


def cookie_name(*, is_secure: bool) -> str:
    """Over TLS the prefix keeps other names of the domain from setting it."""
    return f"__Host-{COOKIE}" if is_secure else COOKIE


def find_cookie(headers: Iterable[tuple[bytes, bytes]], name: str) -> str | None:
    """The value of our cookie."""
    for pair in _cookies(headers):
        key, _, value = pair.partition(b"=")
        if key.strip() == name.encode():
            return value.strip().decode("latin-1")
    return None


def to_app(headers: Iterable[tuple[bytes, bytes]], origin: str, port: int) -> Raw:
    """The headers of a request as the app gets them; `origin` is the app's own in the browser's eyes."""
    headers = list(headers)
    dropped = _HOP_BY_HOP | _OURS | _named_in_connection(headers)
    passed = [(name, value) for name, value in headers if name not in dropped]
    inner = f"http://localhost:{port}".encode()
    passed.append((b"host", f"localhost:{port}".encode()))
    for name, value in headers:
        if name == b"origin":
            passed.append((name, inner if value.decode("latin-1").lower() == origin else value))
        elif name == b"referer" and value.decode("latin-1").lower().startswith(f"{origin}/"):
            passed.append((name, inner + value[len(origin) :]))
    kept = [pair for pair in _cookies(headers) if not _is_ours(pair)]
    if kept:
        passed.append((b"cookie", b"; ".join(pair.strip() for pair in kept)))
    return passed


def from_app(headers: Iterable[tuple[bytes, bytes]], origin: str, port: int) -> Raw:
    """The headers of an answer as the browser gets them."""
    headers = [(name.lower(), value) for name, value in headers]
    dropped = _HOP_BY_HOP | _named_in_connection(headers) | {b"server", b"date"}
    passed: Raw = []
    for name, value in headers:
        if name in dropped or (name == b"set-cookie" and _is_ours(value)):
            continue
        if name == b"location":
            value = _outer_location(value, port)
        elif name == b"set-cookie":
            # With a domain it would reach the apps of other runs.
            value = _DOMAIN.sub(b"", value)
        passed.append((name, value))
    return [*passed, *_guards(origin)]


def _guards(origin: str) -> Raw:
    """No page of an app loads from, or sends to, anywhere but its own origin; nobody else puts it into a frame."""
    sockets = f"ws{origin.removeprefix('http')}"
    policy = (
        f"default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; connect-src 'self' {sockets} data: blob:; "
        "form-action 'self'; base-uri 'self'; frame-ancestors 'self'"
    )
    return [
        (b"content-security-policy", policy.encode()),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"referrer-policy", b"same-origin"),
        (b"x-content-type-options", b"nosniff"),
    ]


def _outer_location(value: bytes, port: int) -> bytes:
    """An address of the app itself becomes a path."""
    try:
        parts = urlsplit(value.decode("latin-1"))
        is_inner = parts.hostname in {"localhost", "127.0.0.1", "0.0.0.0"} and parts.port == port  # noqa: S104
    except ValueError:
        return value
    if not is_inner:
        return value
    return (parts._replace(scheme="", netloc="").geturl() or "/").encode("latin-1")


def _named_in_connection(headers: Iterable[tuple[bytes, bytes]]) -> set[bytes]:
    named = (value for name, value in headers if name.lower() == b"connection")
    return {part.strip().lower() for value in named for part in value.split(b",")}


def _cookies(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    return [pair for name, value in headers if name == b"cookie" for pair in value.split(b";") if pair.strip()]


def _is_ours(pair: bytes) -> bool:
    name = pair.partition(b"=")[0].strip()
    return name in {COOKIE.encode(), f"__Host-{COOKIE}".encode()}
