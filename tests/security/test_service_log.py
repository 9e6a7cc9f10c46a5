"""What the planes write about themselves: templates, statuses and places in the code, never a word of a user."""

from __future__ import annotations

import errno
import io
import json
import logging
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
import structlog
from tests.acceptance.platforms import serving

from planes.domain.errors import NotFound
from planes.observability import configure_logging

CANARY = "canary-7d1f0c"


@pytest.fixture
def log() -> Generator[io.StringIO]:
    stream = io.StringIO()
    configure_logging(level="debug", stream=stream)
    yield stream
    configure_logging()


def _raise(error: Exception) -> Exception:
    try:
        raise error
    except Exception as raised:  # noqa: BLE001 - any of them, with its stack
        return raised


class _FullDisk(io.StringIO):
    is_full = False

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_a_log_that_cannot_be_written_harms_nobody_and_says_what_it_lost() -> None:
    stream = _FullDisk()
    configure_logging(stream=stream)
    log = structlog.get_logger("planes")
    try:
        stream.is_full = True
        log.error("first")
        logging.getLogger("uvicorn.error").error("second")
        stream.is_full = False
        log.info("third")
        log.info("fourth")
    finally:
        configure_logging()

    said = [json.loads(line) for line in stream.getvalue().split("\n") if line]
    assert [(line["event"], line.get("count")) for line in said] == [
        ("third", None),
        ("log_lines_lost", 2),
        ("fourth", None),
    ]


@pytest.mark.parametrize(
    "error",
    [
        ValueError(CANARY),
        KeyError(CANARY),
        FileNotFoundError(2, "No such file or directory", f"/home/{CANARY}"),
        ExceptionGroup(
            CANARY, [ValueError(CANARY), ExceptionGroup(CANARY, [OSError(5, "Input/output error", CANARY)])]
        ),
        NotFound("not_found", CANARY),
    ],
)
def test_a_crash_is_told_without_its_words(log: io.StringIO, error: Exception) -> None:
    raised = _raise(error)
    raised.__cause__ = _raise(RuntimeError(CANARY))

    structlog.get_logger("planes").error("request failed", exc_info=raised)

    line = json.loads(log.getvalue())
    assert CANARY not in log.getvalue()
    assert line["exception"][0]["exc_type"] == type(error).__name__
    assert line["exception"][0]["frames"][0]["name"] == "_raise"


def test_our_own_errors_keep_their_word_and_the_system_s_its_reason(log: io.StringIO) -> None:
    structlog.get_logger("planes").error("a", exc_info=_raise(NotFound("no_such_thing", CANARY)))
    structlog.get_logger("planes").error("b", exc_info=_raise(PermissionError(13, "Permission denied", CANARY)))

    ours, system = map(json.loads, log.getvalue().splitlines())
    assert ours["code"] == "no_such_thing"
    assert system["reason"] == "Permission denied"


@pytest.mark.parametrize("library", ["uvicorn.error", "asyncio", "sqlalchemy.pool", "httpx"])
def test_libraries_write_by_the_same_rule(log: io.StringIO, library: str) -> None:
    logging.getLogger(library).error("Exception in ASGI application\n", exc_info=_raise(ValueError(CANARY)))
    logging.getLogger(library).warning("refused %s", CANARY)
    if library != "uvicorn.error":  # whose words are fixed
        logging.getLogger(library).error(f"task of {CANARY}")
    logging.getLogger(library).info("nobody asked for %s", CANARY)

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert CANARY not in log.getvalue()
    assert {line["event"] for line in lines} == {"library_said"}
    assert len(lines) == (2 if library == "uvicorn.error" else 3)
    assert lines[1]["template"] == "refused %s"
    assert (lines[0]["template"] == "Exception in ASGI application") == (library == "uvicorn.error")


@pytest.mark.acceptance
def test_no_word_of_a_request_is_in_the_log_of_a_platform(tmp_path: Path) -> None:
    with serving(tmp_path / "home", log_level="debug") as platform:
        for url in (platform.control_plane, *platform.data_planes.values()):
            for path in (f"/{CANARY}", f"/api/v1/workspaces/{CANARY}", f"/beacon/{CANARY}/trace", f"/w/{CANARY}",
                         f"/sign-up?link={CANARY}", f"/authorize?request={CANARY}", f"/device?code={CANARY}",
                         f"/logs/v1/workspaces/{CANARY}/job-runs/{CANARY}/logs?token={CANARY}"):  # fmt: skip
                for method in ("GET", "POST", "PUT", "PATCH"):
                    httpx.request(method, url + path, headers={"authorization": f"Bearer {CANARY}", "x-a": CANARY},
                                  json={CANARY: CANARY}, cookies={"a": CANARY}, timeout=240,
                                  trust_env=False)  # fmt: skip
            httpx.post(f"{url}/auth/v1/sessions/-refresh", json={"refresh_token": CANARY}, trust_env=False, timeout=240)
        assert platform.requests("/auth/v1/sessions/-refresh", 401) == 1
        platform.stop()

        log = (platform.home / "serve.log").read_text()
        lines = [json.loads(line) for line in log.splitlines()]

    assert CANARY not in log
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) > 90
    assert {key for line in requests for key in line} == {
        "event", "level", "timestamp", "method", "route", "status", "took_ms",
    }  # fmt: skip


@pytest.mark.acceptance
def test_a_region_says_its_fingerprint_and_words_at_its_start(tmp_path: Path) -> None:
    with serving(tmp_path / "home", log_level="info") as platform:
        nonce = "0123456789abcdef"
        shown = httpx.get(
            f"{platform.data_planes['eu1']}/.well-known/data-plane?nonce={nonce}", trust_env=False, timeout=240
        ).json()
        lines = [json.loads(line) for line in (platform.home / "serve.log").read_text().splitlines()]

    said = next(line for line in lines if line["event"] == "data_plane_identity" and line["dataplane_id"] == "eu1")
    assert (said["fingerprint"], said["words"]) == (shown["fingerprint"], shown["words"])
    assert len(said["words"].split()) == 6
