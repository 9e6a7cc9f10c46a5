"""What pipelines leave behind, and what is served of it."""
