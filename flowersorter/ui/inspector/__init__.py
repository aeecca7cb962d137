"""The selected photo."""
