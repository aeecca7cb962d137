"""What happens when the person asks for something: one module for each kind of wish."""
