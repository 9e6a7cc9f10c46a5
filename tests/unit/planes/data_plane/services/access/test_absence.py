from __future__ import annotations

from structlog.testing import capture_logs
from tests.fakes.clock import FakeClock

from planes.data_plane.services.access.absence import Absence
from planes.domain.errors import Conflict, NotAuthenticated, Unavailable


def test_each_reason_is_said_once_and_how_long_it_was() -> None:
    clock = FakeClock()
    absence = Absence(clock)
    silent = Unavailable("control_plane_unreachable", "The control plane does not answer.")
    refused = NotAuthenticated("call_not_authenticated", "The call is not signed.")

    with capture_logs() as said:
        absence.end()
        for error in (silent, silent, refused, silent, refused):
            absence.note(error)
            clock.advance(seconds=2)
        absence.end(clock.monotonic() - 1)
        absence.end()
        absence.note(silent)

    assert [(each["event"], each.get("code"), each.get("away_seconds")) for each in said] == [
        ("control_plane_away", "control_plane_unreachable", None),
        ("control_plane_away", "call_not_authenticated", None),
        ("control_plane_back", None, 9.0),
        ("control_plane_away", "control_plane_unreachable", None),
    ]


def test_another_process_is_said_by_its_name() -> None:
    absence = Absence(FakeClock())

    with capture_logs() as said:
        for _ in range(3):
            absence.note(Conflict("another_process", "A newer process runs as this region."))

    assert [(each["event"], each["reason"]) for each in said] == [
        ("refused_as_another_process", "A newer process runs as this region.")
    ]
