"""Parts of the grid view: geometry of sections, headers, scroll anchor, rubber band."""
