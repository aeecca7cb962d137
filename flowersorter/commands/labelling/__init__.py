"""Commands about what to label next."""
