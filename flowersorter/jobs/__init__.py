"""Progress, cancellation and threads of jobs."""

from flowersorter.jobs.progress import CancelToken, Progress, Report, silent

__all__ = ["CancelToken", "Progress", "Report", "silent"]
