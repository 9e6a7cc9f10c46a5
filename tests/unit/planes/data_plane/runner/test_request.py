"""The request crosses the descriptor unchanged."""

from planes.data_plane.runner.request import Limits, Request, Step, parse_request, render_request


def test_a_request_comes_back_as_it_was() -> None:
    step = Step("job", "user", "run", ("python", "é\n"), "/w", {"A": "ä\udcff"}, 7, 8, Limits(processes=3))
    request = Request("r", "/f", 2, (step, step._replace(uid=None)), 1.5, 2.0, 10, (("N", "v\n\u2028"),))

    assert parse_request(render_request(request)) == request
    assert render_request(request).isascii()
