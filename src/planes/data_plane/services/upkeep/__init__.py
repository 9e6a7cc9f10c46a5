"""What a region removes by itself, and when it must hold still."""
