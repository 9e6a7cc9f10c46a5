"""Sockets that lie in folders: where they may lie, and connections to them."""
