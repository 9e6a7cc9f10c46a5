"""Formats of tokens, provider by provider."""
