"""The large view: one photo in place of the grid, with filmstrip, classes, zoom, comparison and heat map."""
