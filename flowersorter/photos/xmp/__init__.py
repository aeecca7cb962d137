"""Keywords in XMP: read from sidecars and photos, and written into sidecars without touching anything else in them."""
