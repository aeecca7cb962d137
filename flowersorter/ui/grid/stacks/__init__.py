"""Bursts and near-copies on one tile."""
