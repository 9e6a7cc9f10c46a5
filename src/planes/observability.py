"""Service logs: structured, without names, paths or values from users."""
