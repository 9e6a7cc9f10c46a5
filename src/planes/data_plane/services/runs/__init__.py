"""One leased run: gathered, prepared, started, watched, ended, and found by readers."""
