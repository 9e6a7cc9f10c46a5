"""Alerts: what makes one, what it says, where it goes."""
