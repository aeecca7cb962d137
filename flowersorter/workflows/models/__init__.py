"""The active model, backbones, precision of Sure."""
