"""Files on disk to pixels: scan, read, thumbnail, metadata, sidecars. Imports neither torch nor Qt."""
