"""What keys do that work on several screens: start, stop, approve, open."""
