"""The other tabs of a workspace, its settings, and deploying to it."""
