"""Builds planes from settings and serves them: in one process, in a thread of an embedding application, or one alone.

The only door for `dlthub_tui` to run planes.
"""
