"""Composition root of one data plane."""
