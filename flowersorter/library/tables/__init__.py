"""One class for each table of the library."""
