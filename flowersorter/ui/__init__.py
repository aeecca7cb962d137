"""The window: grid, class list, inspector, dialogs."""
