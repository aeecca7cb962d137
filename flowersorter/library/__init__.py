"""The stores of a collection: database, embeddings, thumbnails, models and settings."""
