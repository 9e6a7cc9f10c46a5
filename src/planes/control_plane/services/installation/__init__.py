"""The installation itself: its data planes, how it is, its audit log, what it drops."""
