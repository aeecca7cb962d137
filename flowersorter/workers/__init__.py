"""QThread workers that run a workflow, and the thumbnail pool."""
