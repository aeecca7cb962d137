"""Reads of the journal that stay small however long a run is."""
