"""Lease loop: claim, start, renew, finish."""
