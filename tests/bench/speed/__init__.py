"""How fast the program is: what a person waits for, beside the plain tutorial approach and the machine's own bounds."""
