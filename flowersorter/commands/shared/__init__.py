"""Pieces that several verbs share: the command line, what they print, and the open collection."""
