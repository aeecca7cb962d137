"""Watches the open folder for photos that arrive."""
