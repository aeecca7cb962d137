"""Which files below a folder are scanned, and whether they change."""
