"""Jobs and runs."""
