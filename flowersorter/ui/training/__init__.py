"""Retrain and deep training."""
