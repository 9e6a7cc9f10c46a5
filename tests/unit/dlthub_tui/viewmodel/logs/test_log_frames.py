"""What stays on the screen of a line that names a place in code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlthub_tui.client.models import LogLine
from dlthub_tui.viewmodel.logs.log_rows import LogStyle, drawn, log_row
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import text_of, width_of

LOOK = Look()
DEEP = "/srv/eu1/orgs/3f9a/trees/9f2c41/ingest/orders.py"
MARGIN = 10


def shown(content: str, width: int = 80, source: str = "user", **style: object) -> str:
    (line,) = drawn(log_row(LogLine(0, content, "stderr", source, None), LOOK), LogStyle(**style), LOOK, width)  # type: ignore[arg-type]
    return text_of(line)[MARGIN:]


def test_a_frame_keeps_file_line_and_function() -> None:
    frame = f'  File "{DEEP}", line 41, in orders'
    assert shown(frame) == '  File "…/orgs/3f9a/trees/9f2c41/ingest/orders.py", line 41, in orders'
    assert shown(frame, 60) == '  File "…/ingest/orders.py", line 41, in orders'
    assert shown(frame, 40) == '  File "…/orders.py", line 41, in orders'
    assert shown(f'    |   File "{DEEP}", line 41', 50) == '    |   File "…/orders.py", line 41'
    assert shown(r'  File "C:\a\quite\long\folder\name\of\a\user\orders.py", line 41, in x', 60).startswith(
        '  File "…\\'
    )


def test_what_follows_a_place_in_code_is_seen() -> None:
    assert shown(f"{DEEP}:41: UserWarning: page 120 has 3 orders without customer") == (
        "…/orders.py:41: UserWarning: page 120 has 3 orders without customer"
    )
    assert shown(f"Exception in callback fetch() at {DEEP}:41 was never retrieved").endswith(
        " at …/orders.py:41 was never retrieved"
    )
    assert shown(f"    at run ({DEEP.replace('.py', '.js')}:41:7)", 50) == "    at run (…/ingest/orders.js:41:7)"
    assert shown("\t" + DEEP.replace(".py", ".go") + ":41 +0x1d", 44).strip() == "…/orders.go:41 +0x1d"


@pytest.mark.parametrize(
    "content",
    [
        f"https://files.example{DEEP}:443 and what is said of the address in the end",
        f"wrote 12,400 rows to {DEEP}, and it took a good while to do this",
        '  File "orders.py", line 41, in ' + "f" * 80,
        f'  open("{DEEP}").read() + "and more of the line that is code"',
        '  File "/srv/[masked:SHOP_API_KEY]/and/other/folders/of/it/orders.py", line 41, in orders',
        f'File "{DEEP}" was read, and this is no frame: it is not indented at all',
    ],
)
def test_other_lines_are_as_they_are(content: str) -> None:
    assert shown(content) == content


def test_it_is_whole_where_it_fits_is_scrolled_searched_or_broken() -> None:
    frame = f'  File "{DEEP}", line 41, in orders'
    assert shown(frame, 120) == frame
    assert shown(frame, left=1) == frame[1:]
    assert shown(frame, needle="3f9a") == frame
    row = log_row(LogLine(0, frame, "stderr", "user", None), LOOK)
    assert row.plain == frame
    assert len(drawn(row, LogStyle(is_broken=True), LOOK, 80)) == 2


def test_colours_of_a_program_stay() -> None:
    row = log_row(
        LogLine(0, f'  File \x1b[35m"{DEEP}"\x1b[0m, line \x1b[35m41\x1b[0m, in f', "stderr", "user", None), LOOK
    )
    (line,) = drawn(row, LogStyle(), LOOK, 60)
    assert text_of(line).endswith('"…/9f2c41/ingest/orders.py", line 41, in f')


@given(st.lists(st.text("ab字/", max_size=12), max_size=8), st.integers(20, 200))
def test_no_frame_grows_and_its_end_stays(parts: list[str], width: int) -> None:
    frame = f'  File "/{"/".join(parts)}/x.py", line 4, in f'
    found = shown(frame, width)

    assert width_of(((found, None, None),)) <= width_of(((frame, None, None),))  # type: ignore[arg-type]
    assert found.endswith('/x.py", line 4, in f')


def test_of_a_huge_line_only_the_beginning_is_looked_at() -> None:
    path = "/a" * 100_000
    assert shown(f"{path}:41: far") == f"{path}:41: far"
    assert shown(f"{DEEP}:41: {path}").startswith("…/orders.py:41: /a/a")
