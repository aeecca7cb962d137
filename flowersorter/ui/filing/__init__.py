"""Sort, history and undo."""
