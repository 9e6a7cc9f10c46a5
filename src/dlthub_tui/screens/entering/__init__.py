"""From the first frame to a session."""
