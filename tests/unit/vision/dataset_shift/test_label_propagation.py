"""Label propagation over nearest neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken
from flowersorter.vision.dataset_shift.label_propagation import NeighbourGraph, neighbour_graph, propagate
from flowersorter.vision.parallel import ThreadPool


def _graph(points: NDArray[np.float32], neighbours: int = 10) -> NeighbourGraph:
    with ThreadPool() as pool:
        return neighbour_graph(points, pool, CancelToken(), neighbours)


def _spread(graph: NeighbourGraph, start: NDArray[np.float32]) -> NDArray[np.float32]:
    with ThreadPool() as pool:
        return propagate(graph, start, pool, CancelToken())


def _dense(graph: NeighbourGraph) -> NDArray[np.float32]:
    matrix = np.zeros((len(graph), len(graph)), np.float32)
    rows = np.repeat(np.arange(len(graph)), np.diff(graph.starts))
    matrix[rows, graph.columns] = graph.weights
    return matrix


def _points(photos: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((photos, 7), np.float32)


@pytest.mark.parametrize(("photos", "neighbours"), [(2, 1), (12, 10), (65, 3), (1500, 10)])
def test_the_neighbours_are_the_nearest_photos(photos: int, neighbours: int) -> None:
    points = _points(photos)
    connected = _dense(_graph(points, neighbours)) > 0
    distance = np.square(points[:, None] - points[None]).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    nearest = np.zeros_like(connected)
    np.put_along_axis(nearest, np.argsort(distance, axis=1)[:, :neighbours], True, axis=1)
    assert np.array_equal(connected, nearest | nearest.T)


def test_the_matrix_is_symmetric_and_lets_no_score_grow() -> None:
    matrix = _dense(_graph(_points(60)))
    assert np.allclose(matrix, matrix.T)
    assert np.abs(np.linalg.eigvalsh(matrix)).max() == pytest.approx(1, abs=1e-4)


def test_scores_are_those_of_the_dense_matrix() -> None:
    graph, start = _graph(_points(90)), np.zeros((90, 3), np.float32)
    start[:6, :] = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    exact = np.linalg.solve(np.eye(90) - 0.9 * _dense(graph), 0.1 * start)
    exact /= exact.sum(axis=1, keepdims=True)
    assert np.abs(_spread(graph, start) - exact).max() < 0.05


def test_labels_follow_classes_that_moved_all_alike() -> None:
    draw = np.random.default_rng(1)
    # Two long classes side by side, labelled at one end: the nearest labelled photo is often of the other class.
    along = np.linspace(0, 8, 80, dtype=np.float32)
    rows = [np.stack([along + number, np.full(80, number * 1.0, np.float32)], axis=1) for number in (0, 1)]
    points = np.vstack(rows).astype(np.float32) + draw.normal(0, 0.02, (160, 2)).astype(np.float32)
    targets = np.repeat([0, 1], 80)
    start = np.zeros((160, 2), np.float32)
    labelled = np.concatenate([np.arange(10), 80 + np.arange(10)])
    start[labelled, targets[labelled]] = 1
    assert (_spread(_graph(points), start).argmax(axis=1) == targets).all()


def test_photos_that_no_label_leads_to_have_no_score() -> None:
    points = np.concatenate([_points(20), 1000 + _points(20, seed=1)])
    start = np.zeros((40, 2), np.float32)
    start[0, 0] = start[1, 1] = 1
    scores = _spread(_graph(points, 5), start)
    assert np.allclose(scores[:20].sum(axis=1), 1)
    assert not scores[20:].any()


@pytest.mark.parametrize("photos", [0, 1])
def test_a_photo_alone_keeps_its_score(photos: int) -> None:
    start = np.tile(np.array([[0.25, 0.75]], np.float32), (photos, 1))
    assert np.allclose(_spread(_graph(_points(photos)), start), start)


def test_equal_photos_are_neighbours() -> None:
    scores = _spread(_graph(np.ones((30, 4), np.float32)), np.eye(30, 2, dtype=np.float32))
    assert np.isfinite(scores).all()


def test_it_is_deterministic() -> None:
    one, other = _graph(_points(3000)), _graph(_points(3000))
    assert np.array_equal(one.columns, other.columns)
    assert np.array_equal(one.weights, other.weights)


def test_it_can_be_cancelled() -> None:
    cancel = CancelToken()
    cancel.cancel()
    with ThreadPool() as pool, pytest.raises(Cancelled):
        neighbour_graph(_points(100), pool, cancel)
