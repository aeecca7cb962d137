"""Finds the optional packages of the cluster, and refuses where they are missing."""

from __future__ import annotations

from importlib.util import find_spec

from flowersorter.errors import WorkersUnavailable
from flowersorter.messages import text


def require_distributed() -> None:
    """Refuse to use workers where Dask distributed is not installed; loads nothing.

    Raises:
        WorkersUnavailable: it is not installed.
    """
    if find_spec("distributed") is None or find_spec("cryptography") is None:
        raise WorkersUnavailable(
            text("No workers can be used"),
            text("that needs Dask distributed, which is not installed"),
            text('Install it with: pip install "flowersorter[cluster]"'),
        )
