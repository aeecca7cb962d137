"""Set, remove and read labels."""
