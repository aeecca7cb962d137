"""Unknown photos beside labels of the same folder: those that no label reaches."""

from __future__ import annotations

import numpy as np

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.predict import UNKNOWN
from flowersorter.vision.dataset_shift.partly_labelled import folder_graph, unknown_beside_labels
from flowersorter.vision.features.packed import Features, pack
from flowersorter.vision.parallel import ThreadPool


def three_classes(each: int) -> Features:
    draw = np.random.default_rng(0)
    centres = np.repeat(3 * draw.standard_normal((3, 8)), each, axis=0)
    latent = centres + draw.standard_normal(centres.shape)
    return pack(np.square(np.maximum(0, 6 + latent @ draw.standard_normal((8, 256)))).astype(np.float32))


def test_a_class_without_a_label_is_unknown_and_the_others_are_not() -> None:
    features, labelled = three_classes(60), np.zeros(180, np.bool_)
    with ThreadPool() as pool:
        graph = folder_graph(features, pool, CancelToken())
        assert (unknown_beside_labels(graph, labelled, pool, CancelToken()) == 1).all()
        labelled[:10] = labelled[60:75] = True
        unknown = unknown_beside_labels(graph, labelled, pool, CancelToken())
    assert not unknown[labelled].any()
    assert (unknown[120:] > UNKNOWN).mean() > 0.9
    assert (unknown[:120] > UNKNOWN).mean() < 0.1
