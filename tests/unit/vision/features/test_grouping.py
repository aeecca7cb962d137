"""Groups of look-alike photos: average linkage as its definition has it, and by cells beyond a few thousand photos."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken
from flowersorter.vision.features import grouping
from flowersorter.vision.features.grouping import LookAlikes, look_alikes
from flowersorter.vision.features.packed import Features, pack
from flowersorter.vision.features.pca import PCA


def things(kinds: int, of_each: int, *, spread: float = 0.4, seed: int = 0) -> Features:
    """Photos of several kinds of things, those of a kind one after another."""
    draw = np.random.default_rng(seed)
    middles = draw.gamma(0.3, size=(kinds, 128))
    rows = np.repeat(middles, of_each, axis=0)
    return pack(rows * draw.gamma(1 / spread**2, spread**2, size=rows.shape))


def partition(groups: NDArray[np.intp]) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(groups == group).tolist()) for group in np.unique(groups)}


def by_definition(features: Features, mean_size: float) -> NDArray[np.intp]:
    """Average linkage, one pair after another: the two clusters that are closest on average."""
    axes = PCA.of(features.unpack(), 64, 42)
    rows = axes.project(features).projection[:, :-1]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    apart = 1 - rows @ rows.T
    clusters = [[row] for row in range(len(rows))]
    while len(clusters) > np.ceil(len(rows) / mean_size):
        pairs = [(apart[np.ix_(a, b)].mean(), i, j) for i, a in enumerate(clusters) for j, b in enumerate(clusters[:i])]
        distance, one, other = min(pairs)
        if distance > grouping.MOST_APART:
            break
        clusters[other] += clusters.pop(one)
    groups = np.empty(len(rows), np.intp)
    for number, cluster in enumerate(clusters):
        groups[cluster] = number
    return groups


@pytest.mark.parametrize("seed", range(3))
def test_groups_are_those_of_average_linkage(seed: int) -> None:
    features = things(6, 8, spread=0.9, seed=seed)
    found = look_alikes(features, CancelToken())
    assert partition(found.groups) == partition(by_definition(features, grouping.MEAN_SIZE))


def test_groups_hold_one_kind_of_thing_and_about_five_photos() -> None:
    features = things(12, 20, spread=0.8)
    groups = look_alikes(features, CancelToken()).groups
    kinds = np.repeat(np.arange(12), 20)
    assert all(len(set(kinds[groups == group])) == 1 for group in range(groups.max() + 1))
    assert 4 <= len(groups) / (groups.max() + 1) <= 7


def test_groups_are_numbered_by_their_first_photo_and_do_not_depend_on_the_order() -> None:
    features = things(5, 10)
    groups = look_alikes(features, CancelToken()).groups
    assert np.unique(groups, return_index=True)[1].tolist() == sorted(np.unique(groups, return_index=True)[1])
    order = np.random.default_rng(1).permutation(50)
    again = look_alikes(features.take(order), CancelToken()).groups
    assert partition(groups) == {frozenset(order[list(rows)].tolist()) for rows in partition(again)}


def test_a_folder_of_one_burst_is_one_group() -> None:
    features = things(1, 12, spread=0.2)
    taken = np.datetime64("2026-05-01T10:00:00", "s") + np.arange(12)
    found = look_alikes(features, CancelToken(), taken, np.zeros(12, np.intp))
    assert found.groups.tolist() == [0] * 12
    copies = look_alikes(things(1, 9, spread=0.01), CancelToken())
    assert copies.groups.tolist() == [0] * 9
    assert copies.duplicate_groups.tolist() == [0] * 9


def test_a_burst_counts_as_one_photo() -> None:
    alone, draw = things(8, 5, spread=0.7, seed=3).unpack(), np.random.default_rng(0)
    burst = np.repeat(alone[:1], 30, axis=0) * draw.normal(1, 0.01, (30, 128))
    features = pack(np.vstack([alone, np.maximum(burst, 0)]) ** 2)
    found = look_alikes(features, CancelToken())
    assert len(set(found.groups[40:])) == 1
    assert found.groups[40] == found.groups[0]
    assert 40 / (found.groups.max() + 1) >= 4
    assert len(np.unique(found.duplicate_groups)) == 40


def test_photos_that_resemble_none_stay_alone() -> None:
    assert look_alikes(things(30, 1), CancelToken()).groups.tolist() == list(range(30))
    for count in (0, 1):
        found = look_alikes(things(1, 1).take(slice(0, count)), CancelToken())
        assert found.groups.tolist() == found.duplicate_groups.tolist() == [0] * count


def test_two_full_groups_that_are_alike_keep_no_third_from_either() -> None:
    angles = np.radians([0, 10, -20])
    means = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    (merge,) = grouping._linked(means, np.array([25, 25, 10]), np.arange(3), 0.45, CancelToken())
    assert [part.tolist() for part in merge[:2]] == [[0], [2]]


def test_a_closer_merge_of_a_later_pass_keeps_those_inside_it() -> None:
    clusters = grouping._Clusters.of(np.eye(4, dtype=np.float32), np.arange(4))
    for one, other, apart in ((0, 1, 0.4), (0, 2, 0.1)):
        clusters.merge(np.array([one]), np.array([other]), np.array([apart], np.float32))
    assert partition(clusters.cut(4 / 3)) == {frozenset({0, 1}), frozenset({2}), frozenset({3})}


def by_cells(features: Features, monkeypatch: pytest.MonkeyPatch) -> LookAlikes:
    monkeypatch.setattr(grouping, "EXACT", 100)
    monkeypatch.setattr(grouping, "_CELL", 25)
    return look_alikes(features, CancelToken())


def test_many_photos_are_grouped_cell_by_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    features, kinds = things(40, 15, spread=0.6), np.repeat(np.arange(40), 15)
    exact = look_alikes(features, CancelToken()).groups
    groups = by_cells(features, monkeypatch).groups
    for found in (exact, groups):
        assert 4 <= len(found) / (found.max() + 1) <= 7
        assert all(len(set(kinds[found == group])) == 1 for group in range(found.max() + 1))
    np.testing.assert_array_equal(groups, by_cells(features, monkeypatch).groups)


def test_many_photos_that_are_all_alike_are_grouped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    features = things(1, 300, spread=0.001)
    groups = by_cells(features, monkeypatch).groups
    assert np.bincount(groups).max() >= 25


def test_grouping_can_be_cancelled() -> None:
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        look_alikes(things(3, 4), stop)
