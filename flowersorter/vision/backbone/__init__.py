"""The frozen network: registry, weights, and embeddings of photos."""
