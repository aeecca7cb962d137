"""Export and import models."""
