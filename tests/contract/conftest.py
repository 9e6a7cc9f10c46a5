"""The released client, as one or more users, and a platform they meet on."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest
from tests.acceptance.installations import Installation, installed
from tests.contract.client_environment import ClientEnvironment, client_environment
from tests.contract.client_users import ClientUsers
from tests.contract.published_ground import Ground, published_ground
from tests.contract.released_client import RealClient

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
    users = ClientUsers()
    yield users.make
    users.close()


@pytest.fixture
def real_client(make_client: MakeClient) -> RealClient:
    """One user, without a platform."""
    return make_client()


@pytest.fixture(scope="module")
def installation() -> Generator[Installation]:
    """A platform with both regions and an owner, shared by the tests of one file."""
    with installed() as running:
        yield running


@pytest.fixture(scope="module")
def ground() -> Generator[Ground]:
    """A platform with one of everything, shared by the tests of one file."""
    with published_ground() as running:
        yield running
