"""Models and fine-tuned weights on disk."""
