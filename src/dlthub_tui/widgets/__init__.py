"""Reusable drawing. A widget gets lines and rows and posts messages; it never sees the client or the session."""
