"""What alerts say with hostile names in them."""

from datetime import UTC, datetime
from email.header import decode_header, make_header

import pytest

from planes.data_plane.services.alerts.alert_messages import Event, mail_subject
from planes.domain.alerts import AlertTrigger


@pytest.mark.parametrize("name", ["=?utf-8?q?=0D=0ABcc:_x?=", "=?utf-8?b?4oCuZXhlLnBuZw==?=", "a\r\nBcc: x", "\u202eb"])
def test_a_subject_shows_no_more_than_is_written_in_it(name: str) -> None:
    subject = mail_subject(Event(
        trigger=AlertTrigger.RUN_FAILURE, alert_id="alert", alert_name=name, delivery_id="delivery",
        created_at=datetime(2026, 3, 1, tzinfo=UTC), organization_id="organization", workspace_id="workspace",
        dataplane_id="eu1", run_id="run", facts={"job_ref": f"jobs.{name}", "run_number": 7}, control_plane_url="",
    ))  # fmt: skip

    assert subject.isprintable()
    assert str(make_header(decode_header(subject))) == subject
