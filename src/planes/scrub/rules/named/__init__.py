"""Values that a sensitive name or the shape around them tells: settings, commands, headers, addresses, sentences."""
