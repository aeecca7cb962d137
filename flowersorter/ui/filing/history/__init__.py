"""The history of sorts: its dialog, the photos of a sort, and continuing one."""
