"""The features of photos in memory, and what was computed from them."""
