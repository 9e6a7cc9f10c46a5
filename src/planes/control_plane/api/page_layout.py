"""What the pages of signing in have that others lack."""

from __future__ import annotations

from datetime import datetime
from html import escape

from planes.tokens.passwords import MINIMUM_LENGTH


def credentials(email: str = "") -> str:
    """The fields of a local account."""
    return (
        '<label for="email">E-mail</label><input id="email" name="email" type="email" autocomplete="username"'
        f' value="{escape(email)}"><label for="password">Password</label><input id="password" name="password"'
        ' type="password" autocomplete="current-password">'
    )


def new_password() -> str:
    """The fields of a password that is chosen."""
    return "".join(
        f'<label for="{name}">{label}</label><input id="{name}" name="{name}" type="password"'
        f' autocomplete="new-password" minlength="{MINIMUM_LENGTH}" required>'
        for name, label in (("password", "Password"), ("repeated", "The same again"))
    )


def age(since: datetime, now: datetime) -> str:
    """How long ago, in words."""
    seconds = max(0, int((now - since).total_seconds()))
    if seconds >= 120:
        return f"{seconds // 60} minutes ago"
    return f"{seconds} second{'s' * (seconds != 1)} ago"
