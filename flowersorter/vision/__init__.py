"""Pixels to embeddings to predictions: backbones, weights, heads, calibration, metrics. Imports no Qt."""
