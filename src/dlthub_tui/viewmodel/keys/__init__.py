"""Actions and their keys, and what is derived from them."""
