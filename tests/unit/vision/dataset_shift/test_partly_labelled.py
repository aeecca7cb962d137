"""Unknown photos beside labels of the same folder: those that no label reaches."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.predict import LEAST_LIKELY, MAYBE_UNKNOWN, UNKNOWN
from flowersorter.vision.dataset_shift.partly_labelled import (
    NO_LABEL,
    _in_doubt,
    folder_graph,
    reach_unlabelled,
    unknown_beside_labels,
)
from flowersorter.vision.features.packed import Features, join, pack
from flowersorter.vision.parallel import ThreadPool

Unknown: TypeAlias = NDArray[np.float32]


def three_classes(each: int) -> Features:
    draw = np.random.default_rng(0)
    centres = np.repeat(3 * draw.standard_normal((3, 8)), each, axis=0)
    latent = centres + draw.standard_normal(centres.shape)
    return pack(np.square(np.maximum(0, 6 + latent @ draw.standard_normal((8, 256)))).astype(np.float32))


def of_classes(labelled: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The classes of labels: the first 60 photos are of one, the next 60 of another."""
    return np.where(labelled, np.arange(len(labelled)) // 60, NO_LABEL)


def unknown_of(features: Features, labelled: NDArray[np.bool_], bursts: NDArray[np.intp] | None = None) -> Unknown:
    """(N,) probabilities to be unknown; photos of the third class are predicted as the first."""
    predicted = (np.arange(len(labelled)) // 60 == 1).astype(np.intp)
    with ThreadPool() as pool:
        graph = folder_graph(features, pool, CancelToken(), bursts)
        return unknown_beside_labels(graph, of_classes(labelled), predicted, pool, CancelToken())


def test_a_class_without_a_label_is_unknown_and_the_others_are_not() -> None:
    features, labelled = three_classes(60), np.zeros(180, np.bool_)
    assert (unknown_of(features, labelled) == 1).all()
    labelled[:10] = labelled[60:75] = True
    unknown = unknown_of(features, labelled)
    assert not unknown[labelled].any()
    assert (unknown[120:] > UNKNOWN).mean() > 0.9
    assert (unknown[:120] > UNKNOWN).mean() < 0.1


@pytest.mark.parametrize("each", [5, 13])
def test_in_a_small_folder_a_class_without_a_label_is_unknown_and_the_others_are_not(each: int) -> None:
    """Ten neighbours of each photo connect all of them: no photo of the third class was even doubtful."""
    targets = np.arange(3 * each) // each
    classes, predicted = np.full(3 * each, NO_LABEL), targets % 2
    classes[[0, each]] = [0, 1]
    with ThreadPool() as pool:
        graph = folder_graph(three_classes(each), pool, CancelToken())
        unknown = unknown_beside_labels(graph, classes, predicted, pool, CancelToken())
        classes[-1], predicted = 2, targets
        all_named = unknown_beside_labels(graph, classes, predicted, pool, CancelToken())
    assert (unknown[2 * each :] > UNKNOWN).mean() > 0.7
    assert (unknown[2 * each :] > MAYBE_UNKNOWN).all()
    assert (unknown[: 2 * each] > UNKNOWN).mean() < 0.1
    assert (all_named > UNKNOWN).mean() < 0.1


def test_photos_are_similar_to_the_labels_of_their_folder_only_where_it_is_small() -> None:
    with ThreadPool() as pool:
        small, large = (folder_graph(three_classes(each), pool, CancelToken()) for each in (10, 60))
    labels = small.labels(np.where(np.arange(30) == 0, 0, NO_LABEL))
    similarity = small.similarity_to_labels(labels)
    assert similarity[0] == pytest.approx(1)
    assert similarity[:10].min() > similarity[10:].max()
    assert (small.smallness, large.smallness, large.similarities) == (1, 0, None)
    assert not large.similarity_to_labels(labels).any()


def test_where_most_classes_have_no_label_they_are_unknown_and_the_named_one_is_not() -> None:
    features, labelled = three_classes(60), np.zeros(180, np.bool_)
    labelled[[0, 1, 2, 60]] = True
    unknown = unknown_of(features, labelled)
    assert (unknown[120:] > UNKNOWN).all()
    assert (unknown[:60] > UNKNOWN).mean() < 0.1


def test_where_every_photo_of_the_named_classes_has_its_label_the_others_are_unknown() -> None:
    features, labelled = three_classes(60), np.arange(180) < 120
    assert (unknown_of(features, labelled)[120:] > UNKNOWN).mean() > 0.9
    assert not unknown_of(features, np.ones(180, np.bool_)).any()


def test_a_photo_that_may_be_unknown_is_not_likely_where_most_photos_are() -> None:
    """With at most a fifth of unknown photos expected, half of the likely photos were of classes without a label."""
    unknown, ratio = np.array([0.05, 0.2, 0.3, 0.9], np.float32), 16
    unbounded = ratio * unknown / (ratio * unknown + 1 - unknown)
    found = _in_doubt(unknown, unbounded)
    assert found[[0, 3]].tolist() == unknown[[0, 3]].tolist(), "nothing changes for sure photos, and for unknown ones"
    assert (found[1:3] <= UNKNOWN).all()
    assert ((1 - found[1:3]) < LEAST_LIKELY).all()
    assert np.array_equal(_in_doubt(unknown, unknown), unknown), "where few photos are unknown, all stays as it is"


def test_where_every_class_has_labels_no_photo_is_unknown() -> None:
    labelled = np.arange(180) % 60 < 8
    predicted = np.arange(180) // 60
    with ThreadPool() as pool:
        graph = folder_graph(three_classes(60), pool, CancelToken())
        unknown = unknown_beside_labels(graph, of_classes(labelled), predicted, pool, CancelToken())
    assert (unknown[~labelled] > UNKNOWN).mean() < 0.02


def test_a_large_class_with_some_labels_is_not_unknown_beside_small_ones_with_many() -> None:
    """The photos of a large class share the score with which it starts."""
    many, few = three_classes(240), np.r_[0:240, 240:260, 480:500]
    features, targets = many.take(few), np.repeat([0, 1, 2], [240, 20, 20])
    labelled = (np.arange(280) % 20 < 16) & (targets > 0)
    labelled[:40:2] = True
    with ThreadPool() as pool:
        graph = folder_graph(features, pool, CancelToken())
        labels = np.where(labelled, targets, NO_LABEL)
        unknown = unknown_beside_labels(graph, labels, targets, pool, CancelToken())
    assert (unknown[:240] > UNKNOWN).mean() < 0.05


def test_photos_predicted_as_a_class_without_a_label_leave_the_others_sure() -> None:
    """The labels of other folders judge them: they are no unknown photos of the classes labelled here."""
    targets = np.arange(180) // 60
    labelled = (np.arange(180) % 60 < 4) & (targets < 2)
    with ThreadPool() as pool:
        graph = folder_graph(three_classes(60), pool, CancelToken())
        unknown = unknown_beside_labels(graph, of_classes(labelled), targets, pool, CancelToken())
    assert (unknown[:120] > MAYBE_UNKNOWN).mean() < 0.05
    assert not unknown[120:].any()


def test_a_burst_of_a_named_class_is_no_island() -> None:
    features = three_classes(60)
    burst = np.repeat(5, 30)
    features = join([features, features.take(burst)])
    labelled = (np.arange(210) % 60 < 8) & (np.arange(210) < 180) & (np.arange(210) != 5)
    bursts = np.concatenate([np.arange(180), burst])
    assert (unknown_of(features, labelled)[180:] > UNKNOWN).all()
    assert (unknown_of(features, labelled, bursts)[180:] < UNKNOWN).all()
    assert not unknown_of(features, labelled | (bursts == 5), bursts)[180:].any()


def test_a_class_whose_only_label_is_in_a_burst_that_begins_with_another_class_is_not_unknown() -> None:
    """Two photos within seconds that look alike can be of two classes."""
    features, bursts = three_classes(60).take(np.r_[60, 1:180]), np.arange(180)
    bursts[[0, 60]] = 0
    classes, predicted = np.full(180, NO_LABEL), np.arange(180) // 60
    classes[[*range(8), 60, *range(120, 128)]] = predicted[[*range(8), 60, *range(120, 128)]]
    with ThreadPool() as pool:
        graph = folder_graph(features, pool, CancelToken(), bursts)
        unknown = unknown_beside_labels(graph, classes, predicted, pool, CancelToken())
    assert (unknown > UNKNOWN).mean() < 0.05


def test_a_class_with_few_labels_beside_one_with_many_is_not_unknown() -> None:
    features, labelled = three_classes(60), np.zeros(180, np.bool_)
    labelled[:50] = labelled[60:63] = True
    unknown = unknown_of(features, labelled)
    assert (unknown[60:120] > UNKNOWN).mean() < 0.05
    assert (unknown[120:] > UNKNOWN).mean() > 0.9


def test_the_numbers_of_neighbours_are_averaged_over_counted_photos_and_bursts_are_one() -> None:
    features, counted = three_classes(60), np.ones(180, np.bool_)
    counted[:30] = False
    bursts = np.arange(180)
    bursts[100:104] = 100
    numbers = np.repeat([100.0, 1.0, 2.0, 3.0], [30, 30, 60, 60])
    with ThreadPool() as pool:
        graph = folder_graph(features, pool, CancelToken(), bursts)
        means = graph.neighbour_means(numbers, counted, pool)
        nothing = graph.neighbour_means(numbers, np.zeros(180, np.bool_), pool)
    assert means.max() < 3.01, "what does not count is not averaged"
    assert len(set(means[100:104].tolist())) == 1
    for part, number in ((slice(0, 60), 1), (slice(60, 120), 2), (slice(120, 180), 3)):
        assert abs(np.median(means[part]) - number) < 0.05
    assert not nothing.any()


def test_it_is_known_how_photos_without_a_label_are_reached_and_what_their_neighbours_are() -> None:
    features, labelled = three_classes(60), np.zeros(180, np.bool_)
    labelled[:20] = labelled[60:80] = True
    predicted = (np.arange(180) // 60 == 1).astype(np.intp)
    reached = reach_unlabelled(features, of_classes(labelled), predicted, CancelToken())
    third = np.arange(180)[~labelled] >= 120
    assert reached.score.shape == (140,)
    assert np.median(reached.score[third]) < 0.2 * np.median(reached.score[~third])
    assert np.median(reached.of_neighbours(third.astype(np.float64))[third]) > 0.9
