"""Variables in a platform's environment that make other programs call somewhere make ours call nowhere."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest
from tests.acceptance.platforms import serving

pytestmark = pytest.mark.acceptance


def callers(listener: socket.socket) -> int:
    """How many have called: the system takes calls without being asked, and keeps them until somebody looks."""
    listener.setblocking(False)
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_a_call_is_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname()).close()

        assert callers(listener) == 1
        assert callers(listener) == 0


def test_no_proxy_and_no_collector_hears_of_a_platform(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), url)
        collectors = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_METRIC_EXPORT_INTERVAL": "100", "OTEL_BSP_SCHEDULE_DELAY": "100", "SENTRY_DSN": f"{url}/1",
            "RUNTIME__DLTHUB_DSN": url, "RUNTIME__SENTRY_DSN": f"{url}/1",
            "DLT_TELEMETRY_ENDPOINT": url, "RUNTIME__DLTHUB_TELEMETRY_ENDPOINT": url,
        }  # fmt: skip
        environment = {**proxies, **{name.lower(): address for name, address in proxies.items()}, **collectors}
        with serving(tmp_path / "home", env=environment) as platform:
            platform.admin("user", "add", "a@example.org", "--password-stdin", stdin="long enough for all\n")
            platform.admin("org", "create", "orchard", "--region", "eu1", "--owner", "a@example.org")
            for address in (platform.control_plane, *platform.data_planes.values()):
                assert httpx.get(f"{address}/openapi.json", trust_env=False, timeout=240).status_code == 200
                assert httpx.get(f"{address}/nothing", trust_env=False, timeout=240).status_code == 404
            assert platform.stop() == 0

        assert callers(listener) == 0
