"""The photos of a run: planned, filed and continued in blocks, and what the person changed since."""
