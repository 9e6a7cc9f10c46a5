"""What is around a job, drawn: whose end starts it, what it waits for, what its end starts (SCREENS 2.7).

The job stands in the middle. Each step to the left is what starts, or holds up, the one right of it; each step to the
right what the one left of it starts. A job that several lead to stands there once for each way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dlthub_tui.client.models import Job
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import Line, Role, Span, cell_width, cut_middle, fit, guard, line, muted, width_of

MOST_ROWS = 5
# Steps before and after the job where there is room for them.
STEPS = (3, 4)
_LEAST_NAME = 8
_MARGIN = 3
_MOST_NODES = 300
_ENDS = ("job.success", "job.fail")
_FRESH = "job.is_fresh:"


class Edge(NamedTuple):
    """To or from another job; `is_wait`: it is waited for rather than started after, `is_failure`: after a failure."""

    name: str
    is_wait: bool
    is_failure: bool
    ref: str


@dataclass(frozen=True, slots=True)
class Node:
    """A job in the drawing. `column` counts steps from the job itself, those before it are negative."""

    ref: str
    name: str
    row: int
    column: int
    edge: Edge | None = None
    children: tuple[int, ...] = ()
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """Rows of text, and where in them the jobs around stand: (job reference, row, first cell, width)."""

    lines: tuple[Line, ...] = ()
    places: tuple[tuple[str, int, int, int], ...] = ()


class _Link(NamedTuple):
    """An arrow: from which cell on, how wide, whether the first of its fork, and in which row its last one is."""

    child: Node
    edge: Edge
    at: int
    width: int
    is_first: bool
    bottom: int


class _Found(NamedTuple):
    """A job that can be opened; they are walked column by column, from the left."""

    column: int
    row: int
    at: int
    width: int
    ref: str


@dataclass
class _Tree:
    nodes: list[Node] = field(default_factory=list[Node])
    rows: int = 1


def edges_before(job: Job) -> list[Edge]:
    """Jobs whose end starts this one, then those that must be fresh before it starts."""
    found: list[Edge] = []
    for text in job.declared_triggers:
        kind, _, ref = text.partition(":")
        if kind in _ENDS:
            found.append(Edge(_name(ref), False, kind == "job.fail", ref))
    fresh = [text.removeprefix(_FRESH) for text in job.freshness if text.startswith(_FRESH)]
    return [*found, *(Edge(_name(ref), True, False, ref) for ref in fresh)]


def waits_for(job: Job) -> list[Edge]:
    """Jobs that must be fresh before it starts."""
    return [edge for edge in edges_before(job) if edge.is_wait]


def edges_after(job: Job, others: Sequence[Job]) -> list[Edge]:
    """Jobs that this one's end starts, then those that wait until it is fresh.

    Asked at each step of the cursor: of a thousand jobs only those are looked at closely that name this one.
    """
    named = {f"{kind}:{job.job_ref}" for kind in _ENDS} | {f"{_FRESH}{job.job_ref}"}
    naming = [other for other in others if not named.isdisjoint((*other.declared_triggers, *other.freshness))]
    before = {other.job_ref: edges_before(other) for other in naming if not other.is_archived}
    return _after_all([job.job_ref], before)[job.job_ref]


def _after_all(refs: Iterable[str], before: Mapping[str, list[Edge]]) -> dict[str, list[Edge]]:
    """The edges that leave each of these jobs, from those that lead to each."""
    found: dict[str, dict[tuple[str, bool], Edge]] = {ref: {} for ref in refs}
    for ref, edges in before.items():
        for edge in edges:
            known = found.get(edge.ref)
            if known is not None:
                key = (ref, edge.is_wait)
                is_failure = edge.is_failure and (key not in known or known[key].is_failure)
                known[key] = Edge(_name(ref), edge.is_wait, is_failure, ref)
    return {ref: sorted(edges.values(), key=lambda edge: edge.is_wait) for ref, edges in found.items()}


class Edges:
    """What leads to each job and from it; of a thousand jobs it is found once, and drawn several times."""

    def __init__(self, job: Job, others: Sequence[Job]) -> None:
        self.job, self.others = job, others
        known = {other.job_ref: other for other in others if not other.is_archived} | {job.job_ref: job}
        self.before = {ref: edges_before(each) for ref, each in known.items()}
        self.after = _after_all(known, self.before)


def legend(look: Look) -> str:
    """What the arrows mean."""
    return f"{look.glyphs.starts} starts on success   {look.glyphs.waits} waits until fresh"


def draw(edges: Edges, look: Look, width: int, *, chosen: int | None = None) -> Drawing:
    """The drawing as far as `width` reaches; empty where nothing is around the job.

    `chosen`: the place that is stood on; the cursor is before it.
    """
    job, before, after = edges.job, edges.before, edges.after
    if not before[job.job_ref] and not after[job.job_ref]:
        return Drawing()
    left, right = STEPS
    while True:
        trees = _grow(job.job_ref, before, left), _grow(job.job_ref, after, right)
        sheet = _Sheet(trees, job, look)
        if sheet.width <= width or (left, right) == (1, 1):
            break
        # What is further away goes first; on the same distance what is before the job.
        left, right = (left - 1, right) if left >= right and left > 1 else (left, right - 1)
    sheet.squeeze(width)
    return sheet.drawing(before, width, chosen)


def _grow(root: str, edges: dict[str, list[Edge]], most: int) -> _Tree:
    """The tree of what is reached in at most `most` steps; whoever comes round again is not followed."""
    tree = _Tree()

    def place(edge: Edge | None, ref: str, row: int, step: int, way: tuple[str, ...]) -> tuple[int, int]:
        index = len(tree.nodes)
        tree.nodes.append(Node(ref, "", row, step))
        further = [each for each in edges.get(ref, ()) if each.ref not in way]
        children: list[int] = []
        below = row
        is_near = step < most and len(tree.nodes) < _MOST_NODES
        if is_near:
            for position, each in enumerate(further):
                child, below = place(each, each.ref, below if not position else below + 1, step + 1, (*way, each.ref))
                children.append(child)
        name = edge.name if edge is not None else ""
        goes_on = bool(further) and not is_near
        tree.nodes[index] = Node(ref, name, row, step, edge, tuple(children), goes_on)
        return index, below

    _, last = place(None, root, 0, 0, (root,))
    tree.rows = last + 1
    return tree


class _Sheet:
    """Both trees side by side: how wide each column is, and what stands where."""

    def __init__(self, trees: tuple[_Tree, _Tree], job: Job, look: Look) -> None:
        self.before, self.after = trees
        self.look = look
        # Its whole name is in the breadcrumb.
        self.middle = guard(words.short_ref(job.job_ref)).rpartition(".")[2]
        self.names = [self._names(tree) for tree in trees]
        self.joints = [self._joints(tree) for tree in trees]

    def _names(self, tree: _Tree) -> list[int]:
        """The widest name of each column, from the job's outwards."""
        columns = max(node.column for node in tree.nodes)
        return [
            max(cell_width(node.name) for node in tree.nodes if node.column == column)
            for column in range(1, columns + 1)
        ]

    def _joints(self, tree: _Tree) -> list[int]:
        """How wide the arrows before each column are: wider where a column forks."""
        columns = max(node.column for node in tree.nodes)
        return [
            6 if any(len(node.children) > 1 for node in tree.nodes if node.column == column) else 4
            for column in range(columns)
        ]

    @property
    def width(self) -> int:
        """Of the whole drawing."""
        return _MARGIN + cell_width(self.middle) + sum(map(sum, (*self.names, *self.joints)))

    def squeeze(self, width: int) -> None:
        """Takes from the widest names until it fits."""
        while self.width > width:
            side, column = max(
                ((side, column) for side in (0, 1) for column in range(len(self.names[side]))),
                key=lambda at: self.names[at[0]][at[1]],
            )
            if self.names[side][column] <= _LEAST_NAME:
                return
            self.names[side][column] -= 1

    def drawing(self, before: dict[str, list[Edge]], width: int, chosen: int | None) -> Drawing:
        """The lines, and the places of what can be opened."""
        rows = max(self.before.rows, self.after.rows)
        cells: list[dict[int, Span]] = [{} for _ in range(rows)]
        found: list[_Found] = []
        start = _MARGIN + sum(self.names[0]) + sum(self.joints[0])
        cells[0][start] = Span(self.middle, Role.TITLE)
        self._left(cells, found, start)
        self._right(cells, found, start + cell_width(self.middle), before, width)
        places = [(each.ref, each.row, each.at, each.width) for each in sorted(found)]
        if chosen is not None and places:
            _, row, at, _ = places[chosen % len(places)]
            cells[row][at - 1] = Span(self.look.glyphs.cursor, Role.ACCENT)
            cells[row][at] = Span(cells[row][at].text, Role.ACCENT)
        lines = tuple(_joined(row) for row in cells)
        return Drawing(tuple(fit(each, min(width, width_of(each)), mark=self.look.glyphs.cut) for each in lines),
                       tuple(places))  # fmt: skip

    def _left(self, cells: list[dict[int, Span]], places: list[_Found], start: int) -> None:
        """Names stand right-aligned before their arrow; several join into one."""
        names, joints, nodes = self.names[0], self.joints[0], self.before.nodes
        ends = [start]
        for column, joint in enumerate(joints):
            ends.append(ends[-1] - joint - names[column])
        for node in nodes:
            for position, child in enumerate(nodes[each] for each in node.children):
                if child.edge is None:
                    continue
                joint, at = joints[node.column], ends[node.column] - joints[node.column]
                name = cut_middle(child.name, names[node.column], self.look.glyphs.cut)
                first = at - cell_width(name)
                cells[child.row][first] = Span(name)
                places.append(_Found(-child.column, child.row, first, cell_width(name), child.ref))
                link = _Link(child, child.edge, at, joint, not position, nodes[node.children[-1]].row)
                self._connect(cells, link, is_left=True)

    def _right(
        self, cells: list[dict[int, Span]], places: list[_Found], start: int,
        before: dict[str, list[Edge]], width: int,
    ) -> None:  # fmt: skip
        """Names stand behind their arrow; behind the last one what else leads to it."""
        names, joints, nodes = self.names[1], self.joints[1], self.after.nodes
        begins = [start]
        for column, joint in enumerate(joints):
            begins.append(begins[-1] + joint + names[column])
        for node in nodes:
            for position, child in enumerate(nodes[each] for each in node.children):
                if child.edge is None:
                    continue
                joint, at = joints[node.column], begins[node.column]
                name = cut_middle(child.name, names[node.column], self.look.glyphs.cut)
                own = cell_width(cut_middle(node.name, names[node.column - 1], self.look.glyphs.cut))
                if node.column and not position:  # the line comes from where the name ends
                    gap = names[node.column - 1] - own
                    cells[node.row][at - gap] = Span(f" {self._bar(child.edge) * gap}"[:gap], Role.MUTED)
                link = _Link(child, child.edge, at, joint, not position, nodes[node.children[-1]].row)
                self._connect(cells, link, is_left=False)
                cells[child.row][at + joint] = Span(name)
                places.append(_Found(child.column, child.row, at + joint, cell_width(name), child.ref))
                if not child.children:
                    self._others(cells, places, child, node.ref, at + joint + cell_width(name), before, width)

    def _others(
        self, cells: list[dict[int, Span]], places: list[_Found], leaf: Node, parent: str, at: int,
        before: dict[str, list[Edge]], width: int,
    ) -> None:  # fmt: skip
        """What else leads to a leaf, as far as the row reaches; or that something follows."""
        cut = self.look.glyphs.cut
        if leaf.goes_on and at + 4 + cell_width(cut) <= width:
            cells[leaf.row][at] = muted(f" {self.look.glyphs.starts} {cut}")
            return
        for edge in before.get(leaf.ref, ()):
            if edge.ref == parent or leaf.goes_on:
                continue
            arrow = f" {self._back(edge)} "
            if at + cell_width(arrow) + cell_width(edge.name) > width:
                return
            cells[leaf.row][at] = Span(arrow, Role.FAIL if edge.is_failure else Role.MUTED)
            at += cell_width(arrow)
            cells[leaf.row][at] = Span(edge.name)
            places.append(_Found(leaf.column + 1, leaf.row, at, cell_width(edge.name), edge.ref))
            at += cell_width(edge.name)

    def _connect(self, cells: list[dict[int, Span]], link: _Link, *, is_left: bool) -> None:
        """From a name to what stands right of it; several join before their arrow, or part behind one name."""
        row, at, edge = link.child.row, link.at, link.edge
        bar, arrow, role = self._bar(edge), f"{self._arrow(edge)} ", self._role(edge)
        if link.width == 4:
            cells[row][at] = Span(f" {arrow}", role)
            return
        if link.is_first:
            corner = self._corner("┬") if link.bottom > row else bar
            cells[row][at] = Span(f" {bar}{corner}", Role.MUTED)
            for below in range(row + 1, link.bottom):
                cells[below][at + 2] = Span("|" if self.look.is_ascii else "│", Role.MUTED)
        else:
            corners = "┘┤" if is_left else "└├"
            corner = self._corner(corners[0] if row == link.bottom else corners[1])
            cells[row][at + (0 if is_left else 2)] = Span(f" {bar}{corner}" if is_left else corner, Role.MUTED)
            if is_left:
                cells[row].pop(at + 2, None)
        if link.is_first or not is_left:
            cells[row][at + 3] = Span(arrow, role)

    def _corner(self, glyph: str) -> str:
        return "+" if self.look.is_ascii else glyph

    def _bar(self, edge: Edge) -> str:
        return self.look.glyphs.waits[0] if edge.is_wait else self.look.glyphs.starts[0]

    def _arrow(self, edge: Edge) -> str:
        return self.look.glyphs.waits[-2:] if edge.is_wait else self.look.glyphs.starts

    def _back(self, edge: Edge) -> str:
        return ("<" if self.look.is_ascii else "‹") + self._bar(edge)

    @staticmethod
    def _role(edge: Edge) -> Role:
        return Role.FAIL if edge.is_failure else Role.MUTED


def _joined(cells: dict[int, Span]) -> Line:
    """Spans by their first cell as one line, with blanks between."""
    spans: list[Span] = []
    end = 0
    for at in sorted(cells):
        span = cells[at]
        if at > end:
            spans.append(Span(" " * (at - end)))
        elif at < end and spans:  # what stands later in the row stands above: the cursor in the blank of an arrow
            before = spans.pop()
            spans.append(Span(before.text[: len(before.text) - (end - at)], before.role))
        spans.append(span)
        end = at + cell_width(span.text)
    return line(*spans)


def window(drawing: Drawing, chosen: int | None, most: int = MOST_ROWS) -> tuple[tuple[Line, ...], int]:
    """At most so many rows, with the chosen place among them, and which row of the drawing is the first."""
    if len(drawing.lines) <= most:
        return drawing.lines, 0
    room = most - 1
    row = drawing.places[chosen % len(drawing.places)][1] if chosen is not None and drawing.places else 0
    top = max(0, min(row - room + 1, len(drawing.lines) - room))
    hidden = len(drawing.lines) - room
    return (*drawing.lines[top : top + room], line(muted(f"   and {words.plural(hidden, 'row')} more"))), top


def _name(job_ref: str) -> str:
    return guard(words.short_ref(job_ref))
