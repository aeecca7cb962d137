"""Writes keywords into the sidecars of sorted photos, through the journal as every other file."""
