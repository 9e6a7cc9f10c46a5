"""What was masked in logs, what it meant, and scrubbing stored logs again."""
