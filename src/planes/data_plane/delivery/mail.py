"""Sends mail over a mail server. Of what the server says only the number is kept."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage

import anyio
from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from planes.certificates import trusted
from planes.data_plane.delivery.destinations import AllowedDestinations, Denied, is_allowed_only, resolve
from planes.data_plane.delivery.outcomes import DELIVERED, Outcome, Verdict, code_of_tls

TOTAL_SECONDS = 30.0
_CONNECT_SECONDS = 5.0
_REPLY_SECONDS = 15.0

TLS, STARTTLS, PLAIN = "tls", "starttls", "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in. `security` is `tls`, `starttls` or `none`; `greets_as` is the name that it is told."""

    host: str
    port: int
    security: str
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    greets_as: str = "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A text of short lines. `message_id` and `written_at` stay the same when it is sent again."""

    to: Sequence[str]
    subject: str
    text: str
    message_id: str
    written_at: datetime


async def send_mail(server: MailServer, mail: Mail, allowed: AllowedDestinations) -> Outcome:
    """One try. Answers within 30 seconds."""
    try:
        with anyio.fail_after(TOTAL_SECONDS):
            return await _send(server, mail, allowed)
    except TimeoutError:
        return Outcome(Verdict.AGAIN, "too_slow")
    except Denied as exc:
        return Outcome(Verdict.REFUSED if exc.code == "address_denied" else Verdict.AGAIN, exc.code)
    except SMTPAuthenticationError as exc:
        return Outcome(_verdict_of(exc.code), "sign_in_refused", exc.code)
    except SMTPNotSupported:
        return Outcome(Verdict.REFUSED, "not_supported")
    except SMTPRecipientsRefused as exc:
        code = max((each.code for each in exc.recipients), default=550)
        return Outcome(_verdict_of(code), "recipients_refused", code)
    except SMTPResponseException as exc:
        return Outcome(_verdict_of(exc.code), "not_taken", exc.code)
    except (SMTPException, OSError) as exc:
        return Outcome(Verdict.AGAIN, code_of_tls(exc) or "no_connection")


async def _send(server: MailServer, mail: Mail, allowed: AllowedDestinations) -> Outcome:
    addresses = await resolve(server.host, server.port, allowed)
    if server.security == PLAIN and not all(
        is_allowed_only(server.host, server.port, each, allowed) for each in addresses
    ):
        return Outcome(Verdict.REFUSED, "not_encrypted")
    context = None if server.security == PLAIN else trusted()
    connection = await _connect(addresses, server.port)
    client = SMTP(
        hostname=server.host,
        sock=connection,
        use_tls=server.security == TLS,
        start_tls=server.security == STARTTLS,
        tls_context=context,
        username=server.username,
        password=server.password,
        local_hostname=server.greets_as,
        timeout=_REPLY_SECONDS,
    )
    try:
        await client.connect()
        refused, _ = await client.send_message(_message(server, mail), sender=server.sender, recipients=list(mail.to))
        with suppress(SMTPException, OSError):
            await client.quit()  # the mail is taken, whatever becomes of the farewell
    finally:
        client.close()  # and the socket with it, when the loop has let go of it
    # Whom the server does not know will not be known later; the others have it, and would get it twice.
    return Outcome(Verdict.DELIVERED, "some_recipients_refused") if refused else DELIVERED


async def _connect(addresses: Sequence[str], port: int) -> socket.socket:
    """A connection to the first of these checked addresses that answers. Raises: OSError."""
    failure: OSError = OSError("no address")
    for address in addresses:
        connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            with anyio.fail_after(_CONNECT_SECONDS):
                await asyncio.get_running_loop().sock_connect(connection, (address, port))
        except (OSError, TimeoutError) as exc:
            failure = exc
            connection.close()
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failure


def _message(server: MailServer, mail: Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"] = server.sender
    message["To"] = ", ".join(mail.to)
    message["Subject"] = mail.subject
    message["Date"] = mail.written_at
    message["Message-ID"] = f"<{mail.message_id}@{server.greets_as}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message


def _verdict_of(code: int) -> Verdict:
    return Verdict.REFUSED if code >= 500 else Verdict.AGAIN
