"""The review of a folder: sections with their actions, and the three steps from naming to sorting."""
