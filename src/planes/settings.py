"""Typed settings of the planes, read from values, environment and the home."""
