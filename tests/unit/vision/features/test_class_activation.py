"""The gradient behind the heat map is that of the logit, and the map is hot where a channel of the class is."""

from __future__ import annotations

import numpy as np
import pytest

from flowersorter.vision.features.class_activation import class_activation, logit_gradient


@pytest.mark.parametrize("signed", [False, True])
def test_the_gradient_is_that_of_the_logit(signed: bool) -> None:
    random = np.random.default_rng(1)
    embedding, weight = random.uniform(0.2, 3, 12), random.normal(size=12)
    if signed:
        embedding[::3] *= -1

    def logit(at: np.ndarray) -> float:
        roots = np.copysign(np.sqrt(np.abs(at)), at)
        return float(weight @ roots / np.linalg.norm(roots))

    step = 1e-6
    measured = [(logit(embedding + step * unit) - logit(embedding - step * unit)) / (2 * step) for unit in np.eye(12)]
    found = logit_gradient(embedding.astype(np.float32), weight.astype(np.float32))
    np.testing.assert_allclose(found, measured, rtol=1e-4, atol=1e-5)


def test_it_is_hot_where_a_channel_of_the_class_is_and_cold_where_another_class_is() -> None:
    maps = np.zeros((3, 4, 4), np.float32)
    maps[0, 0, 3], maps[1, 2, 1] = 5, 5  # the third channel is silent: its root has no slope
    found = class_activation(maps, np.array([1, -1, 9], np.float32))
    assert np.argwhere(found > 0).tolist() == [[0, 3]]
    assert found[0, 3] == 1


def test_a_photo_that_raises_the_logit_nowhere_is_cold() -> None:
    assert not class_activation(np.zeros((3, 2, 2), np.float32), np.ones(3, np.float32)).any()
