"""Files that can be made again: embeddings and thumbnails."""
