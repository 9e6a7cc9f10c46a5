"""The typed HTTP client: one module per resource. Knows no terminal library and keeps nothing on disk."""
