"""Widgets and helpers used by several parts of the window."""
