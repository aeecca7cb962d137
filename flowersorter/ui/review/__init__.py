"""The review of a folder: the three steps from naming to sorting, and what an answer does."""
