"""The lock of a collection, its location, and recently opened collections."""
