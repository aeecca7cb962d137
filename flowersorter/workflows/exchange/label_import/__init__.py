"""Labels from files and folders of other programs: read, matched with photos, taken."""
