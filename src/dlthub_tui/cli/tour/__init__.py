"""`dlthub-tui demo`: a platform with real history, and a tour of it that is played by keys."""
