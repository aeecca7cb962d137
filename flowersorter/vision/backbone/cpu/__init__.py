"""Inference on the CPU without torch."""
