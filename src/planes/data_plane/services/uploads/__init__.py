"""Uploads: from bytes of a stranger to a version that both planes know, and to code that runs can use."""
