"""The other tabs of a workspace on the screen."""
