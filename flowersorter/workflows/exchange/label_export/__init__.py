"""Labels and suggestions in the formats of other programs."""
