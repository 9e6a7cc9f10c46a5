"""A log on the screen: filling it, moving in it, searching, comparing."""
