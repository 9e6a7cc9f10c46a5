"""The terminal application of the platform."""
