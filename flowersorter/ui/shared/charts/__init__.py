"""Charts in the window: a widget for all of them, and its painter."""
