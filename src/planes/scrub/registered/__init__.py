"""Values that are known: what a run must never print, in every form, and what a stream has taught."""
