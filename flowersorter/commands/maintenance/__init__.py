"""The commands that look after the collection and the sorted photos."""
