"""Places: what is common to all, to lists, and to tabs."""
