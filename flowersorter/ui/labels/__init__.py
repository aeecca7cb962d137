"""Labels, label errors, and photos to label next."""
