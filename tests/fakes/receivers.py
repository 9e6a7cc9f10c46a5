"""Real receivers of alerts on this machine: an HTTP server that remembers what was posted, and a mail server."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import anyio
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import FastAPI, Request
from starlette.responses import Response

from planes.server.listening import AppServer, listen_tcp
from planes.server.streams import Stopping


@dataclass(frozen=True)
class Posted:
    """What came: the request's path, headers and body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(kw_only=True)
class HttpReceiver:
    """`answers` are the statuses of the next answers, then 200; one that `hangs` never answers."""

    url: str = ""
    port: int = 0
    posted: list[Posted] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    hangs: bool = False
    location: str = ""
    says: bytes = b"ok"
    news: anyio.Event = field(default_factory=anyio.Event)

    async def wait(self, count: int, seconds: float = 240) -> list[Posted]:
        """Until so many were posted."""
        with anyio.fail_after(seconds):
            while len(self.posted) < count:
                await self.news.wait()
        return self.posted

    async def take(self, request: Request) -> Response:
        self.posted.append(Posted(request.url.path, dict(request.headers), await request.body()))
        news, self.news = self.news, anyio.Event()
        news.set()
        while self.hangs and not await request.is_disconnected():
            await anyio.sleep(0.01)
        status = self.answers.pop(0) if self.answers else 200
        headers = {"location": self.location} if self.location else {}
        return Response(self.says, status_code=status, headers=headers)


@asynccontextmanager
async def receiving() -> AsyncGenerator[HttpReceiver]:
    """Serves on a free port of 127.0.0.1."""
    receiver = HttpReceiver()
    app = FastAPI()
    app.add_api_route("/{path:path}", receiver.take, methods=["GET", "POST"])
    listener = listen_tcp("127.0.0.1", 0)
    receiver.port = listener.getsockname()[1]
    receiver.url = f"http://127.0.0.1:{receiver.port}"
    server = AppServer(app, [listener], Stopping(), grace_seconds=0)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve)
            await server.wait_ready()
            try:
                yield receiver
            finally:
                server.stop()
    finally:
        listener.close()


@dataclass(frozen=True)
class Received:
    """One mail: whom the envelope names, and what is in it."""

    recipients: list[str]
    sender: str
    message: EmailMessage

    @property
    def text(self) -> str:
        body = self.message.get_body()
        assert body is not None
        return body.get_content()


@dataclass(kw_only=True)
class MailReceiver:
    """`refuses` answers each mail so; `unknown` are recipients that are refused."""

    port: int = 0
    mails: list[Received] = field(default_factory=list)
    signed_in: list[tuple[str, str]] = field(default_factory=list)
    refuses: str = ""
    unknown: set[str] = field(default_factory=set)
    password: str | None = None

    async def wait(self, count: int, seconds: float = 240) -> list[Received]:
        """Until so many came. They come in a thread of the server's own."""
        with anyio.fail_after(seconds):
            while len(self.mails) < count:
                await anyio.sleep(0.01)
        return self.mails

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:
        if address in self.unknown:
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        if self.refuses:
            return self.refuses
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        self.mails.append(Received(list(envelope.rcpt_tos), envelope.mail_from or "", message))
        return "250 taken"

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, login: LoginPassword
    ) -> AuthResult:
        self.signed_in.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=self.password is not None and login.password.decode() == self.password)


class _Controller(Controller):
    """Serves on a socket that listens already: nobody takes the port meanwhile."""

    def __init__(self, handler: Any, listener: socket.socket, **options: Any) -> None:
        super().__init__(handler, **options)
        self._listener = listener

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listener, ssl=self.ssl_context)


@contextmanager
def mail_receiving(
    certificate: Certificate | None = None, *, password: str | None = None, is_tls: bool = False
) -> Generator[MailReceiver]:
    """A mail server on a free port of 127.0.0.1; with a certificate it offers STARTTLS, or is TLS from the start."""
    receiver = MailReceiver(password=password)
    listener = listen_tcp("127.0.0.1", 0)
    receiver.port = listener.getsockname()[1]
    options: dict[str, Any] = {"hostname": "127.0.0.1", "port": receiver.port, "ready_timeout": 60}
    if certificate is not None:
        options["ssl_context" if is_tls else "tls_context"] = certificate.server_context()
    if password is not None:
        options |= {"authenticator": receiver.authenticate, "auth_required": not is_tls, "auth_require_tls": not is_tls}
    controller = _Controller(receiver, listener, **options)
    controller.start()
    try:
        yield receiver
    finally:
        controller.stop()


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for `localhost`, in files."""

    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def make_certificate(folder: Path, name: str = "localhost") -> Certificate:
    """Valid from yesterday until tomorrow."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(ip_address("127.0.0.1")))
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(built.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Certificate(*paths)
