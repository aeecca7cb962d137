"""Measure models and labels."""
