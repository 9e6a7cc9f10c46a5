"""How the few web pages look: one document, its own style, no script, nothing from elsewhere (Security: 11)."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

_STYLE = """
:root { color-scheme: light dark; font: 1.05rem/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; min-height: 100vh; place-items: center; }
main { width: min(30rem, 100% - 3rem); padding: 2rem 0; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; font: inherit; padding: .6rem; border: 1px solid; border-radius: .4rem; }
input.code { font-family: ui-monospace, monospace; font-size: 1.5rem; text-transform: uppercase; }
button { font: inherit; font-weight: 600; padding: .6rem 1.2rem; margin: 1.25rem .5rem 0 0; border-radius: .4rem;
  border: 1px solid; cursor: pointer; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; padding: .8rem 1rem; border: 1px solid;
  border-radius: .4rem; overflow-wrap: anywhere; }
dt { font-weight: 600; } dd { margin: 0; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
main:has(table), main:has(pre) { width: min(60rem, 100% - 3rem); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem 1rem .3rem 0; }
tr { border-bottom: 1px solid color-mix(in srgb, currentcolor 25%, transparent); } .wide, pre { overflow-x: auto; }
nav ol { display: flex; gap: 1rem; list-style: none; padding: 0; margin: 0 0 1rem; }
pre { padding: .8rem 1rem; border: 1px solid; border-radius: .4rem; }
.problem { padding: .8rem 1rem; border: 2px solid; border-radius: .4rem; font-weight: 600; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def page(
    title: str, body: str, *, status: int = 200, leads_to: str | None = None, script: str | None = None
) -> HTMLResponse:
    """A whole page. `body` is markup; `leads_to` is an address outside that a form of the page may redirect to.

    `script` is a path of our own: with it the page may run that, and ask this origin again.
    """
    loaded = f'<script src="{escape(script)}" defer></script>' if script else ""
    document = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · dlthub-tui</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style>{loaded}</head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(document, status_code=status, headers=_headers(leads_to, script))


def problem(text: str) -> str:
    """A sentence that says what went wrong, announced by screen readers."""
    return f'<p class="problem" role="alert">{escape(text)}</p>' if text else ""


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def facts(rows: list[tuple[str, str]]) -> str:
    """A list of terms and what they are."""
    return "<dl>" + "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in rows) + "</dl>"


def credentials(email: str = "") -> str:
    """The fields of a local account."""
    return (
        '<label for="email">E-mail</label><input id="email" name="email" type="email" autocomplete="username"'
        f' value="{escape(email)}"><label for="password">Password</label><input id="password" name="password"'
        ' type="password" autocomplete="current-password">'
    )


def age(since: datetime, now: datetime) -> str:
    """How long ago, in words."""
    seconds = max(0, int((now - since).total_seconds()))
    return f"{seconds} seconds ago" if seconds < 120 else f"{seconds // 60} minutes ago"


def _headers(leads_to: str | None, script: str | None) -> dict[str, str]:
    # A form's redirect counts as its action, so the client's own address is named where there is one.
    origin = urlsplit(leads_to or "")
    # No source expression can name an IPv6 address.
    action = "'self'" if not leads_to else f"'self' {origin.scheme}://{origin.netloc}"
    if "[" in origin.netloc:
        action = "'self' http:"
    return {
        "cache-control": "no-store",
        "content-security-policy": (
            f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {action}; base-uri 'none'; "
            "frame-ancestors 'none'" + ("; script-src 'self'; connect-src 'self'" if script else "")
        ),
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        # Not `no-referrer`: browsers would send `Origin: null` with the forms.
        "referrer-policy": "same-origin",
    }
