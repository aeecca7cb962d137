"""Model versions, import and export."""
