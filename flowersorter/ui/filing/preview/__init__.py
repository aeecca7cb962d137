"""The preview of a sort."""
