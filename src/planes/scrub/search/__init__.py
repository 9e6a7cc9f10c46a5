"""What finds signs and literals on lines, fast."""
