"""Charts drawn by hand: every bar and point is reached by mouse and key, says itself, and opens its photos."""
