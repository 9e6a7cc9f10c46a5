"""The terminal app in a browser on this machine: `dlthub-tui web`."""
