"""Open, create and restore collections."""
