"""What is remembered: the database, embeddings, thumbnails, models and settings of a collection."""
