"""Numbers and texts that tell a person."""
