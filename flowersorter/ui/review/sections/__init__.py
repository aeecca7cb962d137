"""The sections that ask: which there are, which stay in view, and the headers that take their answers."""
