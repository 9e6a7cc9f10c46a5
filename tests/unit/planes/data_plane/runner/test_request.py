"""The request crosses the descriptor unchanged."""

import json

import pytest

from planes.data_plane.runner.request import Limits, Request, Step, parse_request, render_request
from planes.scrub import ScrubSettings


def test_a_request_comes_back_as_it_was() -> None:
    step = Step("job", "user", "run", ("python", "é\n"), "/w", {"A": "ä\udcff"}, 7, 8, Limits(processes=3))
    request = Request("r", "/f", "c", 2, (step, step._replace(uid=None)), 1.5, 60.0, 2.0, 10, (("N", "v\n\u2028"),))

    assert parse_request(render_request(request)) == request
    assert render_request(request).isascii()


def test_scrub_settings_come_back_and_may_be_missing() -> None:
    settings = ScrubSettings(frozenset({"email"}), (("kd", "KD-[0-9]{8}"),), ("x",))
    request = Request("r", "/f", "c", 2, (), 1.5, 60.0, 2.0, 10, (), settings)

    assert parse_request(render_request(request)) == request
    older = json.loads(render_request(request))
    del older["scrub"]
    assert parse_request(json.dumps(older).encode()).scrub is None


def test_scrub_settings_of_a_wrong_shape_are_refused() -> None:
    document = json.loads(render_request(Request("r", "/f", "c", 2, (), 1.5, 60.0, 2.0, 10, ())))
    document["scrub"] = {"pii_classes": [], "extra_patterns": [["only-a-name"]], "allowed": []}

    with pytest.raises(ValueError, match="unpack"):
        parse_request(json.dumps(document).encode())
