"""The released client, as one or more users."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from tests.contract.client_environment import PROBE_UID, ClientEnvironment, client_environment
from tests.contract.released_client import RealClient

NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there: for commands that need no platform."""

_uids = itertools.count(PROBE_UID + 1 + os.getpid() % 1000)

MakeClient = Callable[..., RealClient]


@pytest.fixture(scope="session")
def released_client() -> ClientEnvironment:
    """The environment of the released client, built at most once per machine."""
    return client_environment()


@pytest.fixture
def make_client(released_client: ClientEnvironment) -> Generator[MakeClient]:
    """Makes users of the released client: `make_client(api_base_url)`. Their homes are gone after the test.

    As root each gets a uid of its own; otherwise all are the one who runs the tests, with own homes.
    """
    homes: list[Path] = []

    def make(api_base_url: str = NOWHERE) -> RealClient:
        uid = next(_uids) if os.getuid() == 0 else None
        home = Path(tempfile.mkdtemp(prefix="dlthub-client-"))
        homes.append(home)
        client = RealClient(released_client, home, uid, api_base_url)
        client.own(home)
        return client

    yield make
    for home in homes:
        shutil.rmtree(home)


@pytest.fixture
def real_client(make_client: MakeClient) -> RealClient:
    """One user, without a platform."""
    return make_client()
