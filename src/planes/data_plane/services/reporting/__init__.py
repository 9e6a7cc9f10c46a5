"""What a region tells the control plane, and how it is."""
