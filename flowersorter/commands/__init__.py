"""The verbs of the command line, one small file for those that belong together."""
