"""Pure functions and frozen rows: client models in, what is on the screen out. Knows no terminal library."""
