"""Variables, and which of their values a run must never print."""
