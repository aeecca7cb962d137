"""Explains a single suggestion."""
