"""How a folder without labels differs from the labelled photos, and the accuracy to expect there."""
