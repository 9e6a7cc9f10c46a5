"""What differs from run to run is not new; what a line says is, however its program writes lines."""

import time

import pytest
from tests.fakes.collector import collector_off

from planes.data_plane.logs.mining import template_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fri Nov 27 17:19:59 2026 INFO done", "Mon Dec  7 07:09:59 2026 INFO done"),
        ("Nov 27 17:19:59 host app[33]: done", "Dec  3 01:19:59 host app[4343]: done"),
        ("27/Nov/2026:17:19:59 +0000 GET /x", "03/Dec/2026:07:19:59 +0000 GET /x"),
        ("Thu, 27 Nov 2026 17:19:59 GMT done", "Fri, 4 December 2026 01:19:59 GMT done"),
        ("11/27/2026 05:19:59 PM done", "11/28/2026 05:19:59 AM done"),
        ("took 1m 30s", "took 45s"),
        ("took 1h2m3s", "took 1 day, 0:00:10"),
        ("took 3 minutes", "took 1 second"),
        ("loaded 3 rows", "loaded 1 row"),
        ("rate 1.5e-05", "rate 0.25"),
        (" 45%|████▌     | 45/100 [00:01<00:02, 3.4it/s]", "100%|██████████| 100/100 [00:05<00:00, 20.1it/s]"),
        ("⠋ loading [==>   ] 3/9", "⠙ loading [=====>] 9/9"),
        ("==== 3 passed in 1.20s ====", "=== 12 passed in 101.20s ==="),
        ("in /tmp/tmpab3k_z9x/part-0001.parquet", "in /tmp/tmpq_zlakxy/part-0001.parquet"),
        ("pod worker-7d9f8b6c5-x2x9q is ready", "pod worker-58bb6c9df4-abcde is ready"),
        ("batch 01HX3ABCDEFGHJKMNPQRSTVWXY", "batch 01J9ZZZZZFGHJKMNPQRSTVWXYZ"),
        ("image sha256:ab12cdef99aabb", "image sha256:12ffcdef99aabc"),
        ("\x1b[32mdone\x1b[0m", "done"),
        ('{"event": "loaded \\"a b\\"", "table": "a"}', '{"event": "loaded \\"c\\"", "table": "d e"}'),
    ],
)
def test_lines_of_another_day_are_not_new(one: str, other: str) -> None:
    assert template_of(one) == template_of(other)


@pytest.mark.parametrize(
    ("known", "new"),
    [
        ('{"event": "loaded", "level": "info", "n": 1}', '{"event": "refused", "level": "info", "n": 2}'),
        ('{"level":"info","msg":"done","time":"1"}', '{"level":"error","msg":"done","time":"2"}'),
        ('{"@t":"1","@mt":"Loaded {Rows}"}', '{"@t":"2","@mt":"Lost {Rows}"}'),
        (
            '{"severity":"INFO","jsonPayload":{"message":"done"}}',
            '{"severity":"INFO","jsonPayload":{"message":"gone"}}',
        ),
        ("{'event': 'loaded', 'table': 'a'}", "{'event': 'refused', 'table': 'a'}"),
        ('time=1 level=info msg="table loaded"', 'time=2 level=info msg="no such host"'),
        ("Couldn't load the table; it wasn't found", "Couldn't open the file; it wasn't found"),
        ('{"a": "b", "msg": "say \\"x\\" now"}', '{"a": "b", "msg": "do \\"x\\" now"}'),
    ],
)
def test_a_line_that_says_something_else_is_new(known: str, new: str) -> None:
    assert template_of(known) != template_of(new)


@pytest.mark.parametrize(
    "piece", ['\\"', "'a", " 'a", 'msg="', "msg='\\", "May ", "Mon,   Jan ", "a1", "[==", "1 ", "█"]
)
def test_a_line_of_any_kind_takes_time_by_its_length(piece: str) -> None:
    def seconds(length: int) -> float:
        with collector_off():
            began = time.thread_time()
            template_of(piece * (length // len(piece)))
            return time.thread_time() - began

    assert seconds(128 * 1024) < 40 * seconds(16 * 1024) + 0.05
