"""Jobs, runs and pipelines on the screen."""
