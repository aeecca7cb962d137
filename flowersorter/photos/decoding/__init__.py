"""Parts of the decoder: bit depth, memory, damaged and unsupported files."""
