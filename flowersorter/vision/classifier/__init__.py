"""The trained head: fit, calibration, out-of-distribution scores, metrics."""
