"""Home, and what concerns the whole installation or the app itself."""
