"""Commands that suggest photos to label next."""
