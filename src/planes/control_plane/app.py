"""Composition root of the control plane."""
