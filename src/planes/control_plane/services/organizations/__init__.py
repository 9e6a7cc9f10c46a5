"""Organizations with their region, workspaces, and what each plane holds of them."""
