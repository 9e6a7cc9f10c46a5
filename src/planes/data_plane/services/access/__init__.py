"""Who reaches this region: its first meeting with the control plane, tokens, what is revoked, whom it serves."""
