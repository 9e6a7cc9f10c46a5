"""What a line says about the lines below it: a name whose value follows, a header of columns, a value that goes on.

A stream keeps at most one `Opening`. It is asked about each line that follows until it has no more to say; it holds no
line back and is of constant size. Only lines on which a rule's sign stands can open one, so ordinary lines cost
nothing.

    password: |          - name: DB_PASSWORD        user,password        password = 'the beginnin
      the value            value: the value         me,the value                     g and the rest'
"""

from planes.scrub.below.cut import MoreOfValue, ends_its_line
from planes.scrub.below.going_on import MoreLines, Wrapped, open_quote, torn
from planes.scrub.below.model import LONGEST_LINE, Opening
from planes.scrub.below.opening import opened_by, prepare_below

__all__ = [
    "LONGEST_LINE",
    "MoreLines",
    "MoreOfValue",
    "Opening",
    "Wrapped",
    "ends_its_line",
    "open_quote",
    "opened_by",
    "prepare_below",
    "torn",
]
