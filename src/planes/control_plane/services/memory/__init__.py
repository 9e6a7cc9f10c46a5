"""What one process of the control plane keeps in memory, and no other knows: clocks, news, counts."""
