"""Files on disk to pixels: scan, read, thumbnail, metadata, siblings. Imports neither torch nor Qt."""
