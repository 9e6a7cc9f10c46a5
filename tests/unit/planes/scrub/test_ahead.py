"""Lines that are looked at together say what each says alone, and none is looked at twice."""

from planes.scrub.ahead import LinesAhead
from planes.scrub.rulebook import rulebook
from planes.scrub.rules import RULES
from planes.scrub.rules.samples import fake

LINES = [line.encode() for rule in RULES for line in (*fake(rule.sample, 5).split("\n"), "an ordinary line")]
TEXT = b"\n".join((*LINES, b"x" * 5000 + b" password: q8w7e6r5t4y3", b"")) * 2


def lines_with_signs() -> "list[tuple[int, int]]":
    book = rulebook()
    places: list[tuple[int, int]] = []
    sign = book.sign(TEXT)
    while sign >= 0:
        start, end = TEXT.rfind(b"\n", 0, sign) + 1, TEXT.index(b"\n", sign)
        places.append((start, end))
        sign = book.sign(TEXT, end + 1)
    return places


def test_lines_say_the_same_together_and_alone() -> None:
    book, known = rulebook(), set(LINES[::7])
    ahead = LinesAhead(book, TEXT, known.__contains__)
    for start, end in lines_with_signs():
        signs, spans, sign = ahead.at(start, end)

        assert signs == book.on_line(TEXT, start, end)
        assert spans is None or spans == book.spans(TEXT[start:end], signs)
        assert (spans is None) == (end - start > 1024 or signs.last < 0)
        assert sign == book.sign(TEXT, end)


def test_no_line_is_looked_at_twice_and_none_that_is_known() -> None:
    book, asked, looked = rulebook(), lines_with_signs(), []

    class Counting:
        sign, matches_besides, permitted, is_clear = book.sign, book.matches_besides, book.permitted, book.is_clear
        spans = book.spans

        def on_line(self, text: bytes, start: int, end: int):
            looked.append(start)
            return book.on_line(text, start, end)

    known = {TEXT[start:end] for start, end in asked[::5]}
    unknown = [(start, end) for start, end in asked if TEXT[start:end] not in known]
    ahead = LinesAhead(Counting(), TEXT, known.__contains__)
    for start, end in unknown:
        ahead.at(start, end)

    assert looked == [start for start, _ in unknown]
