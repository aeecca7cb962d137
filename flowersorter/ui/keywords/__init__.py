"""Keywords in the window: written into sidecar files, and taken as labels."""
