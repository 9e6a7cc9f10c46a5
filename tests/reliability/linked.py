"""A region of its own and its control plane, with a way between them that can fail."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.reliability.crash_stage import CrashStage, crash_stage
from tests.reliability.faulty_link import FaultyLink, faulty_link


@dataclass(frozen=True)
class Linked:
    """The planes, and the way between them."""

    stage: CrashStage
    link: FaultyLink


@contextmanager
def linked_planes() -> Generator[Linked]:
    """Ended and removed at the end."""
    with faulty_link() as link, crash_stage(is_split=True, link=link) as stage:
        yield Linked(stage, link)
