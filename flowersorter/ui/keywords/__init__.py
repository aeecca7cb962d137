"""Keywords and labels of other programs in the window: written beside photos, taken from files, exported."""
