"""Posts to webhooks. No redirect, no proxy; of the answer only the status is read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import anyio
import httpx

from planes.certificates import trusted
from planes.data_plane.delivery.destinations import AllowedDestinations, Denied, is_allowed_only, resolve
from planes.data_plane.delivery.outcomes import DELIVERED, Outcome, Verdict, code_of_tls

TOTAL_SECONDS = 20.0
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_ENCODED = "whsec_"
_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What is posted. `message_id` stays the same when it is tried again, so that a receiver can tell."""

    url: str
    body: bytes
    message_id: str
    timestamp: int
    signing_secret: str | None = None

    def __repr__(self) -> str:
        return f"Post({self.message_id})"


def host_of(url: str) -> tuple[str, int]:
    """Host and port of an http(s) address with nothing strange about it.

    Raises: ValueError, without the address: it may hold a token.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError):
        raise ValueError("an address such as https://hooks.example.com/…") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError("an address that begins with https://")
    if parsed.userinfo:
        raise ValueError("an address without user and password")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise ValueError("an address with a port from 1 to 65535")
    return parsed.raw_host.decode("ascii"), parsed.port or (443 if parsed.scheme == "https" else 80)


class Webhooks:
    """Posts within one region; `allowed` are the destinations that its administrator named."""

    def __init__(self, allowed: AllowedDestinations) -> None:
        self._allowed = allowed
        self._context: ssl.SSLContext | None = None

    async def post(self, wanted: Post) -> Outcome:
        """One try. Answers within 20 seconds."""
        try:
            with anyio.fail_after(TOTAL_SECONDS):
                return await self._post(wanted)
        except TimeoutError:
            return Outcome(Verdict.AGAIN, "too_slow")
        except Denied as exc:
            return Outcome(Verdict.REFUSED if exc.code == "address_denied" else Verdict.AGAIN, exc.code)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as exc:
            return Outcome(Verdict.AGAIN, _code_of(exc))

    async def _post(self, wanted: Post) -> Outcome:
        host, port = host_of(wanted.url)
        url = httpx.URL(wanted.url)
        addresses = await resolve(host, port, self._allowed)
        if url.scheme == "http" and not all(is_allowed_only(host, port, each, self._allowed) for each in addresses):
            return Outcome(Verdict.REFUSED, "not_encrypted")
        for address in addresses[:-1]:
            try:
                return await self._post_to(address, url, wanted)
            except httpx.ConnectError:
                continue  # this one does not answer; the next was checked as well
        return await self._post_to(addresses[-1], url, wanted)

    async def _post_to(self, address: str, url: httpx.URL, wanted: Post) -> Outcome:
        headers = {"host": url.netloc.decode("ascii"), **_headers(wanted)}
        async with httpx.AsyncClient(
            verify=self._tls(), timeout=_TIMEOUT, follow_redirects=False, trust_env=False, http2=False
        ) as client:
            request = client.build_request(
                "POST",
                url.copy_with(host=address.partition("%")[0]),
                content=wanted.body,
                headers=headers,
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            answer = await client.send(request, stream=True)
            await answer.aclose()  # its body is not read: nothing of it is wanted
        return _outcome_of(answer.status_code)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = trusted()
        return self._context


def key_of(secret: str) -> bytes:
    """The key that a signing secret stands for: base64 after `whsec_`, else its own text.

    Raises: ValueError.
    """
    if secret.startswith(_ENCODED):
        return base64.b64decode(secret.removeprefix(_ENCODED), validate=True)
    return secret.encode()


def _headers(wanted: Post) -> Mapping[str, str]:
    """As the Standard Webhooks have it: id, time, and a signature over both and the body."""
    headers = {
        "content-type": "application/json",
        "user-agent": "dlthub-tui",
        "webhook-id": wanted.message_id,
        "webhook-timestamp": str(wanted.timestamp),
    }
    if wanted.signing_secret is not None:
        signed = f"{wanted.message_id}.{wanted.timestamp}.".encode() + wanted.body
        digest = hmac.digest(key_of(wanted.signing_secret), signed, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _outcome_of(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(Verdict.DELIVERED, DELIVERED.code, status)
    if 300 <= status < 400:
        return Outcome(Verdict.REFUSED, "redirects", status)
    if status in _AGAIN or status >= 500:
        return Outcome(Verdict.AGAIN, "not_taken", status)
    return Outcome(Verdict.REFUSED, "not_taken", status)


def _code_of(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "too_slow"
    found = code_of_tls(error)
    if found is not None:
        return found
    return "no_connection" if isinstance(error, httpx.ConnectError | OSError) else "broken_answer"
