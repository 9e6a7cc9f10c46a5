from __future__ import annotations

import pytest

from planes.data_plane.api.gateway.hosts import AppHosts

HOSTS = AppHosts("http://127.0.0.1:8402", "localhost")
RUN = "0b8e607e-7d6d-456c-a3cc-e652fefc0932"
NAME = "r-0b8e607e7d6d456ca3cce652fefc0932.localhost"


def test_a_run_is_found_by_its_own_origin() -> None:
    assert HOSTS.origin(RUN) == f"http://{NAME}:8402"
    assert [HOSTS.find_run(host) for host in (f"{NAME}:8402", NAME, NAME.upper())] == [RUN] * 3


@pytest.mark.parametrize(
    "host",
    ["", "localhost", "{}.evil.example", "evil.example@{}", "{}#evil.example", "{}, evil.example", "x{}", "[", "{}."],
)
def test_no_other_name_is_an_apps(host: str) -> None:
    assert HOSTS.find_run(host.format(NAME)) is None
