"""How the few web pages of both planes look: one document with its own style, nothing from elsewhere (Security: 11)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, Response

_STYLE = """
:root { color-scheme: light dark; font: 1.05rem/1.5 system-ui, sans-serif;
  --line: color-mix(in srgb, currentcolor 25%, transparent); --well: light-dark(#176b2c, #7fd894);
  --ill: light-dark(#b3261e, #ff9d94); --live: light-dark(#0b57b0, #8ab8ff); --soft: light-dark(#5b5b5b, #a8a8a8); }
*, ::before { box-sizing: border-box; }
body { background: Canvas; color: CanvasText;
  margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 1fr); align-items: center; }
main { width: min(30rem, 100% - 3rem); margin: 0 auto; padding: 2rem 0; overflow-wrap: anywhere; }
body.wide { align-items: start; }
body.wide main { width: min(64rem, 100% - 2rem); }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; }
a { color: var(--live); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--live); outline-offset: 2px; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input { width: 100%; font: inherit; padding: .6rem; border: 1px solid; border-radius: .4rem; }
input.code { font-family: ui-monospace, monospace; font-size: 1.5rem; text-transform: uppercase; }
button { font: inherit; font-weight: 600; padding: .6rem 1.2rem; margin: 1.25rem .5rem 0 0; border-radius: .4rem;
  border: 1px solid; cursor: pointer; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1rem; padding: .8rem 1rem;
  border: 1px solid var(--line); border-radius: .4rem; }
dt { font-weight: 600; } dd { margin: 0; }
nav ol { display: flex; flex-wrap: wrap; gap: .25rem .6rem; list-style: none; padding: 0; margin: 0 0 .5rem; }
nav li:not(:first-child)::before { content: "/"; margin-right: .6rem; color: var(--soft); }
.scrolls { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem 1.2rem .3rem 0; vertical-align: top; overflow-wrap: normal; }
td { white-space: nowrap; } td.text { white-space: normal; min-width: 12rem; overflow-wrap: anywhere; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr { border-bottom: 1px solid var(--line); }
pre { overflow: auto; max-height: 70vh; padding: .8rem 1rem; border: 1px solid var(--line); border-radius: .4rem;
  overflow-wrap: normal; font: .9rem/1.45 ui-monospace, monospace; }
#log { white-space: pre-wrap; overflow-wrap: anywhere; } #log span { display: block; }
#log .runner, #log .setup, .soft { color: var(--soft); }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.well { color: var(--well); } .ill { color: var(--ill); } .live { color: var(--live); }
.problem { padding: .8rem 1rem; border: 2px solid var(--ill); border-radius: .4rem; font-weight: 600; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What a page may do beside being read.

    `scripts` are paths of our own: with one the page may run it and ask this origin again. `leads_to` is an address
    outside that a form of the page may redirect to. `has_forms` False: it sends nothing. `reloads`: every second.
    `goes_to` is where it goes on to by itself, at once.
    """

    scripts: Sequence[str] = ()
    leads_to: str | None = None
    has_forms: bool = True
    reloads: bool = False
    goes_to: str | None = None


_PLAIN = Ways()


def page(title: str, body: str, *, status: int = 200, is_wide: bool = False, ways: Ways = _PLAIN) -> HTMLResponse:
    """A whole page; `body` is markup. A wide one holds tables and begins at the top."""
    head = "".join(f'<script src="{escape(path)}" defer></script>' for path in ways.scripts)
    head += '<meta http-equiv="refresh" content="1">' if ways.reloads else ""
    head += f'<meta http-equiv="refresh" content="0; url={escape(ways.goes_to)}">' if ways.goes_to else ""
    document = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · dlthub-tui</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style>{head}</head>'
        f'<body class="{"wide" if is_wide else "narrow"}"><main><h1>{escape(title)}</h1>{body}</main></body></html>'
    )
    return HTMLResponse(document, status_code=status, headers=_headers(ways))


def script(text: str) -> Response:
    """A script of our own, asked for anew each time: it belongs to the pages of one version."""
    headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return Response(text, media_type="text/javascript", headers=headers)


def _headers(ways: Ways) -> dict[str, str]:
    action = _form_action(ways.leads_to) if ways.has_forms else "'none'"
    return {
        "cache-control": "no-store",
        "content-security-policy": (
            f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {action}; base-uri 'none'; "
            "frame-ancestors 'none'" + ("; script-src 'self'; connect-src 'self'" if ways.scripts else "")
        ),
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        # Not `no-referrer` where forms are: browsers would send `Origin: null` with them.
        "referrer-policy": "same-origin" if ways.has_forms else "no-referrer",
    }


def _form_action(leads_to: str | None) -> str:
    """A form's redirect counts as its action, so the client's own address is named where there is one."""
    if not leads_to:
        return "'self'"
    origin = urlsplit(leads_to)
    # No source expression can name an IPv6 address.
    return "'self' http:" if "[" in origin.netloc else f"'self' {origin.scheme}://{origin.netloc}"
