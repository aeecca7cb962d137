"""How fast the program is: each thing a person waits for, beside the plain tutorial approach and the machine's bounds."""
