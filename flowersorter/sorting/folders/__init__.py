"""The folders of a sort: its destination, the class folders, and the drives that they are on."""
