"""Charts of evaluation and training: described once, painted as SVG here and with Qt in the window."""
