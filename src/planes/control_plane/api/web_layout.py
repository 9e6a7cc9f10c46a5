"""How the pages of workspaces look: page_layout's document, wider, with a script of our own that keeps `main` live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from starlette.responses import HTMLResponse

from planes.control_plane.api.page_layout import page

LIVE_PATH = "/w/-live.js"
# Asks for the page again and shows what changed. Without scripts the page is as it was when it was opened.
LIVE_SCRIPT = """
const main = document.querySelector("main");
let waits = 1000;
async function look() {
  try {
    const answer = await fetch(location.href, {headers: {accept: "text/html"}, redirect: "error"});
    if (answer.status === 200) {
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      if (next && next.innerHTML !== main.innerHTML) {
        main.innerHTML = next.innerHTML;
        waits = 1000;
      } else {
        waits = Math.min(waits * 1.5, 10000);
      }
    } else if (answer.status === 401) {
      location.reload();
      return;
    }
  } catch {
    waits = 10000;
  }
  setTimeout(look, document.hidden ? 10000 : waits);
}
setTimeout(look, waits);
"""
_STATES = {
    "pending": "○", "starting": "◔", "running": "●", "completed": "✓", "failed": "✗", "cancelling": "◌",
    "cancelled": "⊘", "skipped": "–",
}  # fmt: skip


def live_page(title: str, body: str) -> HTMLResponse:
    """A page that keeps itself up to date."""
    return page(title, body, script=LIVE_PATH)


def link(address: str, text: str) -> str:
    """A link within the platform's pages."""
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def trail(*steps: tuple[str, str]) -> str:
    """Where the page is: links to what is above it."""
    items = "".join(f"<li>{link(address, text)}</li>" for address, text in steps)
    return f'<nav aria-label="Where this is"><ol>{items}</ol></nav>'


def state(status: str) -> str:
    """A state, never by colour alone."""
    return f'<span aria-hidden="true">{_STATES.get(status, "·")}</span> {escape(status)}'


def moment(value: datetime | None) -> str:
    """A time in UTC, to the second."""
    if value is None:
        return "–"
    return f'<time datetime="{value.isoformat()}">{value:%Y-%m-%d %H:%M:%S} UTC</time>'


def table(caption: str, titles: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> str:
    """A table of cells that are markup; `empty` is said when there are none."""
    if not rows:
        return f"<h2>{escape(caption)}</h2><p>{escape(empty)}</p>"
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f"<h2>{escape(caption)}</h2><div class='wide' tabindex='0' role='region' aria-label='{escape(caption)}'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def command(text: str) -> str:
    """What to type to go on in a terminal."""
    return f"<h2>In a terminal</h2><pre><code>{escape(text)}</code></pre>"
