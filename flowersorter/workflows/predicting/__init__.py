"""Suggest classes for photos."""
