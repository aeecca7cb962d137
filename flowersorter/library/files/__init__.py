"""Atomic writes, the lock, and where files are."""
