"""What the web pages of both planes are put together from. Every function answers markup; what it is given is text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

# Asks for the page again and shows what changed in its part that is live; what has the focus keeps it. A page that
# answers 304 has not changed. Without scripts the page is as it was when it was opened.
LIVE_SCRIPT = """
{
const part = document.querySelector("#live") || document.querySelector("main");
const isWhole = !part.id;
let waits = 1000, tag = "";
function show(next) {
  const held = part.contains(document.activeElement) ? document.activeElement : null;
  const name = held && (held.getAttribute("href") || held.getAttribute("aria-label"));
  part.innerHTML = next.innerHTML;
  for (const each of part.querySelectorAll("a, button, [tabindex]"))
    if (name && (each.getAttribute("href") === name || each.getAttribute("aria-label") === name)) {
      each.focus({preventScroll: true});
      break;
    }
}
async function look() {
  try {
    const answer = await fetch(location.href, {
      headers: {accept: "text/html", ...(tag && {"if-none-match": tag})}, redirect: "error"});
    if (answer.status === 200) {
      tag = answer.headers.get("etag") || "";
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = found.querySelector(isWhole ? "main" : "#live");
      if (next && next.innerHTML !== part.innerHTML) {
        show(next);
        document.title = found.title;
        waits = 1000;
      } else {
        waits = Math.min(waits * 1.5, 10000);
      }
    } else if (answer.status === 304) {
      waits = Math.min(waits * 1.5, 10000);
    } else if (answer.status === 401 || answer.status === 404) {
      location.reload();
      return;
    }
  } catch {
    waits = 10000;
  }
  setTimeout(look, document.hidden ? 10000 : waits);
}
setTimeout(look, waits);
}
"""
_STATES = {
    "pending": ("○", "soft"), "starting": ("◔", "live"), "running": ("●", "live"), "completed": ("✓", "well"),
    "succeeded": ("✓", "well"), "loaded": ("✓", "well"), "failed": ("✗", "ill"), "aborted": ("✗", "ill"),
    "cancelling": ("◌", "soft"), "cancelled": ("⊘", "soft"), "skipped": ("–", "soft"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. Numbers stand at the right; text may take several lines, other cells take one."""

    title: str
    kind: str = ""


def number(title: str) -> Column:
    """A column of numbers."""
    return Column(title, "number")


def prose(title: str) -> Column:
    """A column of sentences."""
    return Column(title, "text")


def problem(text: str) -> str:
    """A sentence that says what went wrong, announced by screen readers."""
    return f'<p class="problem" role="alert">{escape(text)}</p>' if text else ""


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def status(text: str) -> str:
    """A sentence that screen readers say when they can."""
    return f'<p role="status">{escape(text)}</p>'


def hidden(name: str, value: str) -> str:
    """A field of a form that nobody fills in."""
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def link(address: str, text: str) -> str:
    """A link within the platform's pages."""
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def trail(*steps: tuple[str, str]) -> str:
    """Where the page is: links to what is above it."""
    items = "".join(f"<li>{link(address, text)}</li>" for address, text in steps)
    return f'<nav aria-label="Where this is"><ol>{items}</ol></nav>'


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """A list of terms and what they are, which is markup."""
    return "<dl>" + "".join(f"<dt>{escape(term)}</dt><dd>{markup}</dd>" for term, markup in rows) + "</dl>"


def state(status: str) -> str:
    """A state, never by colour alone."""
    sign, kind = _STATES.get(status, ("·", "soft"))
    return f'<span class="{kind}"><span aria-hidden="true">{sign}</span> {escape(status)}</span>'


def moment(value: datetime | None) -> str:
    """A time in UTC, to the second."""
    if value is None:
        return "–"
    return f'<time datetime="{value.isoformat()}">{value:%Y-%m-%d %H:%M:%S} UTC</time>'


def duration(milliseconds: float | None) -> str:
    """How long something took, in the unit that a person would use."""
    if milliseconds is None:
        return "–"
    seconds = milliseconds / 1000
    if seconds < 1:
        return f"{milliseconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def count(value: int | None) -> str:
    """A number, in groups of three."""
    return "–" if value is None else f"{value:,}"


def size(value: int | None) -> str:
    """A number of bytes."""
    if value is None:
        return "–"
    if value < 1000:
        return f"{value} B"
    for unit, factor in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if value < factor * 1000:
            return f"{value / factor:.1f} {unit}"
    return f"{value / 1e12:.1f} TB"


def table(caption: str, columns: Sequence[str | Column], rows: Sequence[Sequence[str]], empty: str) -> str:
    """A table of cells that are markup; `empty` is said when there are none."""
    if not rows:
        return f"<h2>{escape(caption)}</h2><p>{escape(empty)}</p>"
    known = [each if isinstance(each, Column) else Column(each) for each in columns]
    kinds = [f' class="{each.kind}"' if each.kind else "" for each in known]
    head = "".join(f'<th scope="col"{kind}>{escape(each.title)}</th>' for each, kind in zip(known, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return (
        f'<h2>{escape(caption)}</h2><div class="scrolls" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def block(caption: str, text: str) -> str:
    """Text as it is, under a heading."""
    return (
        f'<h2>{escape(caption)}</h2><pre tabindex="0" role="region" aria-label="{escape(caption)}">{escape(text)}</pre>'
    )


def command(text: str) -> str:
    """What to type to go on in a terminal."""
    return block("In a terminal", text)
