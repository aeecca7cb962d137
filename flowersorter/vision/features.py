"""Embeddings as the head sees them: averaged over views, square root, unit length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def average_views(views: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
    """Average the embeddings of several views of the same photos.

    Args:
        views: Arrays of (N, D) floats, rows in the same photo order.

    Returns:
        (N, D) float32.
    """
    return np.asarray(np.mean(np.stack(list(views)), axis=0, dtype=np.float32), np.float32)


def features_of(embeddings: NDArray[Any]) -> NDArray[np.float32]:
    """Take the square root of pooled features and scale each row to unit length.

    Pooled features of a ResNet are non-negative with heavy tails; the square root (the Hellinger map) keeps a
    few large channels from drowning the others. Rows of zeros stay zeros.

    Args:
        embeddings: (N, D) floats, non-negative.

    Returns:
        (N, D) float32, rows of length 1.
    """
    roots = np.sqrt(np.maximum(embeddings, 0, dtype=np.float32))
    lengths = np.linalg.norm(roots, axis=1, keepdims=True)
    return np.asarray(roots / np.maximum(lengths, np.float32(1e-12)), np.float32)
