"""Class activation: how much each part of a photo raises the logit of a class.

As Grad-CAM (Selvaraju et al. 2017): the last feature maps are weighted with the gradient of the logit by their mean.
Between that mean and the linear layer stand a square root and a scaling to length 1 (see `packed`), whose derivative is
known in closed form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def class_activation(maps: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute where a photo raises the logit of a class.

    Args:
        maps: (D, h, w) float32, the last feature maps of the backbone; their mean is the embedding.
        weight: (D,) float32, the row of the class in the trained layer.

    Returns:
        (h, w) float32, 0 where the photo does not raise the logit, 1 where it does most; all 0 where it never does.
    """
    gradient = logit_gradient(maps.mean(axis=(1, 2)), weight)
    raised = np.maximum(np.tensordot(gradient, maps, axes=1), 0)
    return np.asarray(raised / max(float(raised.max()), 1e-12), np.float32)


def logit_gradient(embedding: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Differentiate a logit by the embedding, through the signed square root and the scaling to length 1.

    With s = root(embedding), f = s / |s| and the logit w f: by s it is (w - (w f) f) / |s|, by the embedding that over
    2 |s_k|. A channel that is 0 everywhere has no slope there and adds nothing to any place: its gradient is set to 0.

    Args:
        embedding: (D,) float32, pooled features.
        weight: (D,) float32, the row of the class in the trained layer.

    Returns:
        (D,) float32.
    """
    roots = np.sqrt(np.abs(embedding))
    length = max(float(np.linalg.norm(roots)), 1e-12)
    features = np.copysign(roots, embedding) / length
    by_root = (weight - (weight @ features) * features) / length
    return np.asarray(np.divide(by_root, 2 * roots, out=np.zeros_like(roots), where=roots > 0), np.float32)
