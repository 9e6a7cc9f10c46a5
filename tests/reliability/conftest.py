"""Full sizes take minutes, and more beside other work: no test of theirs ends by the time limit of short ones."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from tests.reliability.linked import Linked, linked_planes
from tests.reliability.sizes import IS_FULL

FULL_SECONDS = 3600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives what has no limit of its own a longer one."""
    for item in items:
        if IS_FULL and "tests/reliability" in item.path.as_posix() and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(FULL_SECONDS))


@pytest.fixture(scope="session")
def linked() -> Generator[Linked]:
    """One installation for all who need a region of its own."""
    with linked_planes() as planes:
        yield planes
