"""Sort photos into class folders, undo, history."""
