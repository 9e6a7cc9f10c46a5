"""The control plane: who may do what, and what should run when."""
