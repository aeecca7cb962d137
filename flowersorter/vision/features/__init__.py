"""Embeddings as features: packing, PCA, views, near-duplicates, folds."""
