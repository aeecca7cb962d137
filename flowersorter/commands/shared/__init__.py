"""Modules that several verbs share: the command line, the output, and the open collection."""
