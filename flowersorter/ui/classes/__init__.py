"""The class list and changes to classes."""
