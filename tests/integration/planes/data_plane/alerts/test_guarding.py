"""Where alerts may not go, what never leaves with them, and that answers are not read (Reliability: R7)."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.receivers import HttpReceiver, MailReceiver, make_certificate, receiving
from tests.integration.planes.data_plane.alerts.asking import Region
from tests.integration.planes.data_plane.running_region import running_region

from planes.data_plane.delivery import AllowedDestinations, Post, Verdict, Webhooks, destinations
from planes.domain.errors import Conflict

pytestmark = pytest.mark.anyio

TOKEN = "T0PS3CR3T-token-of-the-hook"


@contextmanager
def _listening() -> Generator[socket.socket]:
    """Takes connections in the kernel; whether there was one is seen by `accept`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def _was_called(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize("host", [
    "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::1]",
    "0.0.0.0", "127.0.0.1.", "LOCALHOST", "%31%32%37.0.0.1",
])  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_way_of_writing_this_machine_reaches_it(host: str, scheme: str) -> None:
    with _listening() as listener:
        port = listener.getsockname()[1]
        hooks = Webhooks(AllowedDestinations())
        try:
            outcome = await hooks.post(Post(url=f"{scheme}://{host}:{port}/", body=b"{}", message_id="1", timestamp=1))
            assert outcome.verdict is not Verdict.DELIVERED
            assert outcome.code in {"address_denied", "name_unknown"}
        except ValueError:
            pass  # no web address at all

        assert not _was_called(listener)


async def test_region_without_a_setting_refuses_private_addresses_when_they_are_written(
    folder: Path, control: LeasingControlPlane
) -> None:
    hosts = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "[fd00::1]", "2130706433", "0177.0.0.1")
    async with running_region(folder / "eu1", control) as running:
        region = Region(running)
        body = {"name": "x", "triggers": ["job-run-failure"], "channel": "webhook"}
        answers = [await region.call("POST", "/alerts", {**body, "url": f"https://{host}/{TOKEN}"}) for host in hosts]
        mail = await region.call("PUT", "/mail-server", {"host": "127.0.0.1", "port": 25, "sender": "a@b.example"})

    assert [answer.status_code for answer in (*answers, mail)] == [400] * (len(hosts) + 1)
    assert {reason["key"] for answer in answers for reason in answer.json()["extra"]} == {"url"}
    assert not any(TOKEN in answer.text for answer in answers)


async def test_name_that_turns_private_after_the_look_is_not_called(
    monkeypatch: pytest.MonkeyPatch, receiver: HttpReceiver
) -> None:
    """Rebinding: whatever the second answer would be, there is no second question, whoever would ask it."""
    asked: list[object] = []
    resolved = socket.getaddrinfo

    def resolver(host: object, port: int, *rest: object, **options: object) -> list[object]:
        if host not in {"rebinds.example", b"rebinds.example"}:
            return resolved(host, port, *rest, **options)  # pyright: ignore[reportArgumentType, reportReturnType]
        asked.append(host)
        address = "127.0.0.1" if len(asked) > 1 else "192.0.2.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    allowed = AllowedDestinations.parse("192.0.2.1")
    with anyio.move_on_after(2):
        await Webhooks(allowed).post(
            Post(url=f"http://rebinds.example:{receiver.port}/", body=b"{}", message_id="1", timestamp=1)
        )

    assert len(asked) == 1
    assert receiver.posted == []


async def test_name_with_a_private_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolver(_host: str, port: int, **_: object) -> list[object]:
        return [(0, 0, 6, "", (address, port)) for address in ("1.1.1.1", "10.0.0.1")]

    monkeypatch.setattr(destinations.anyio, "getaddrinfo", resolver)
    outcome = await Webhooks(AllowedDestinations()).post(
        Post(url="https://mixed.example/", body=b"{}", message_id="1", timestamp=1)
    )

    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "address_denied")


async def test_public_destination_is_not_spoken_to_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolver(_host: str, port: int, **_: object) -> list[object]:
        return [(0, 0, 6, "", ("1.1.1.1", port))]

    monkeypatch.setattr(destinations.anyio, "getaddrinfo", resolver)
    outcome = await Webhooks(AllowedDestinations()).post(
        Post(url="http://hooks.example/", body=b"{}", message_id="1", timestamp=1)
    )

    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "not_encrypted")


async def test_redirect_to_another_place_is_not_followed(region: Region, receiver: HttpReceiver) -> None:
    async with receiving() as elsewhere:
        receiver.answers, receiver.location = [307], elsewhere.url
        alert = await region.add(url=receiver.url)
        tested = await region.ask("POST", f"/alerts/{alert['id']}/-test")

        assert (tested["state"], tested["outcome"]) == ("failed", "redirects")
        assert elsewhere.posted == []


async def test_certificate_is_that_of_the_name_though_the_address_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "right").mkdir()
    (tmp_path / "wrong").mkdir()
    right, wrong = make_certificate(tmp_path / "right"), make_certificate(tmp_path / "wrong", "other.example")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(right.certificate.read_bytes() + wrong.certificate.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    asked: list[str | None] = []
    outcomes: list[str] = []
    for certificate in (right, wrong):
        context = certificate.server_context()
        context.sni_callback = lambda _socket, name, _context: asked.append(name)
        async with _https(context) as port:
            outcome = await Webhooks(AllowedDestinations.parse("127.0.0.1")).post(
                Post(url=f"https://localhost:{port}/", body=b"{}", message_id="1", timestamp=1)
            )
            outcomes.append(outcome.code)

    assert outcomes == ["delivered", "certificate"]
    assert set(asked) == {"localhost"}


async def test_nothing_of_a_receivers_answer_is_kept(region: Region, receiver: HttpReceiver) -> None:
    receiver.says, receiver.answers = b"echo-of-the-receiver " * 100_000, [400, 200]
    alert = await region.add(url=receiver.url)
    answers = [(await region.call("POST", f"/alerts/{alert['id']}/-test")).text for _ in range(2)]
    answers.append((await region.call("GET", "/alert-deliveries")).text)

    assert not any("echo-of-the-receiver" in text for text in answers)


async def test_region_is_not_opened_with_a_setting_that_is_none(folder: Path, control: LeasingControlPlane) -> None:
    with pytest.raises(Conflict, match="allowed destinations"):
        async with running_region(folder / "eu1", control, alert_destinations="http://all"):
            pass


@pytest.mark.slow
async def test_alert_of_a_real_run_holds_metadata_only(
    region: Region, control: LeasingControlPlane, receiver: HttpReceiver, mails: MailReceiver
) -> None:
    """Neither at the receivers nor at the control plane, in the service log or in the region's files in the clear."""
    place = region.place
    printed, value, raised = "line-of-the-log-4711", "v4lue-of-the-variable", "words-of-the-exception-0815"
    await region.mail_over(mails.port)
    triggers = ["job-run-failure", "job-run-success", "job-prints-secrets"]
    await region.add(triggers=triggers, url=f"{receiver.url}/{TOKEN}", signing_secret=TOKEN)
    await region.add(triggers=triggers, channel="mail", addresses=["mara@orchard.example"])
    await region.add(triggers=triggers, channel="slack", url=f"{receiver.url}/{TOKEN}")
    await place.set_variables(secret=True, WAREHOUSE_KEY=value)
    code = f"import os\nprint({printed!r}, os.environ['WAREHOUSE_KEY'])\nraise ValueError({raised!r})\n"
    _, outcome = await place.run(code)

    posted = await receiver.wait(4)
    await mails.wait(2)

    assert outcome == "failed"
    said = b"".join(each.body + json.dumps(each.headers).encode() for each in posted)
    said += b"".join(mail.message.as_bytes() for mail in mails.mails)
    assert {each.json["type"] for each in posted if "type" in each.json} == {"job-run-failure", "job-prints-secrets"}
    for word in (printed, value, raised, "WAREHOUSE_KEY", "ValueError", "Traceback"):
        assert word.encode() not in said, word
    told = b"".join(control.bodies) + json.dumps(
        [report.model_dump(mode="json") for reports in control.reports.values() for report in reports]
    ).encode()  # fmt: skip
    for word in (TOKEN, "orchard.example", "fruitshop", receiver.url):
        assert word.encode() not in told, word
    for path in place.region.files_on_disk():
        content = path.read_bytes()
        assert TOKEN.encode() not in content, path
        assert b"mara@orchard" not in content, path


async def test_service_log_names_no_place_that_alerts_go_to(
    region: Region, receiver: HttpReceiver, capfd: pytest.CaptureFixture[str]
) -> None:
    receiver.answers = [500] * 9
    await region.add(url=f"{receiver.url}/{TOKEN}?key={TOKEN}")
    await region.end_run()
    await region.until_ended()
    captured = capfd.readouterr()

    assert "alert_ended" in captured.out + captured.err
    assert TOKEN not in captured.out + captured.err


@asynccontextmanager
async def _https(context: ssl.SSLContext) -> AsyncGenerator[int]:
    """A server that answers 204; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        with anyio.fail_after(240, shield=True):
            await server.wait_closed()  # the client has left, which a TLS connection has yet to hear
